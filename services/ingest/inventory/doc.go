// Package inventory answers which device an identifier belonged to when an
// event happened.
//
// It is a fold of the devices topic. A description of a device holds from its
// Since until the next one, so a question always names a time: an address that
// was handed on last week still names the device that had it when an old event
// arrives late.
//
// Reading takes no lock and allocates nothing; a reader keeps one Snapshot for
// as long as it wants one consistent answer.
package inventory

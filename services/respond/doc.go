// Package respond turns findings into bounded quarantines.
//
// A finding that asks for a quarantine becomes an action, and every step of an
// action is a record of the actions topic: intended, applied, release intended,
// released. What to do is decided by functions without input, output or clock
// (decide.go, fold.go). The network is touched only because of a step that was
// read back from the log and that the fold accepted (dispatch.go), so that two
// owners of a partition, a restart or a repeated finding cannot act twice:
// all deliveries of one operation carry one id.
//
// The rules of effect:
//
//   - intent is durable and read back before the network is touched;
//   - all attempts of one operation carry the same id and the same bytes;
//   - nothing is applied after the end of the lease;
//   - silence is unknown, not failed: what may have been applied is released;
//   - a release never gives up and never waits behind applies.
package respond

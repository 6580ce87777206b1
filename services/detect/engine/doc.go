// Package engine decides which policies an event matches. It knows nothing of
// Kafka: events go in, findings come out.
//
// A policy is one Rego package in one directory. A [Pack] is a compiled folder
// of policies; it never changes and may be shared. An [Engine] is a Pack with
// the state of one partition: the windows of its policies and the findings it
// made lately. That state is a fold of the events in their order; no clock, no
// randomness and no order of a map has a part in it, so that the same events
// and the same policies give the same findings.
//
// What a finding says always comes from OPA. Before OPA is asked, the
// conditions at the top of each rule that need no iteration are looked at
// natively (see [program]); a rule is left out only where one of them is
// certainly false.
package engine

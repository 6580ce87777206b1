// Package detect is the service that reads events and appends findings.
//
// One engine works on one partition of events. Its state, the windows of the
// policies and the findings made lately, is a fold of the partition: on
// assignment the engine is given every event before the first uncommitted one,
// without emitting anything. The ids of findings are derived from their causes,
// so that an event which is evaluated twice gives the same findings.
package detect

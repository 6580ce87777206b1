// Package access says who may do what with the log: each service is a user of
// Kafka of its own, with no more rights than it needs.
package access

import (
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/cordon-iot/cordon/wkafka"
)

// Service is a process with a user of its own.
type Service struct {
	Name   string
	Rights wkafka.Rights
}

// Services are the processes of a deployment. What they remember stands in the
// topic state.
func Services(t cordon.Topics) []Service {
	state := wkafka.Rights{Read: []string{t.State()}, Write: []string{t.State()}}
	return []Service{
		{"ingest", ingest.Rights(t).And(history.Rights(t)).And(state)},
		{"detect", detect.Rights(t).And(state)},
		{"respond", respond.Rights(t).And(state)},
	}
}

// Default makes the principal of a service's name.
const Default = "User:{service}"

// Principal is the Kafka principal of service.
func Principal(template, service string) string {
	return strings.ReplaceAll(template, "{service}", service)
}

// ACLs are what principal needs for r. Kafka derives Describe from each of
// them, and the right to write idempotently from any Write.
func ACLs(principal string, r wkafka.Rights) []wkafka.ACL {
	var out []wkafka.ACL
	allow := func(resource kafka.ResourceType, names []string, op kafka.ACLOperationType) {
		names = slices.Clone(names)
		slices.Sort(names)
		for _, n := range slices.Compact(names) {
			out = append(out, wkafka.ACL{Principal: principal, Host: "*", Resource: resource, Name: n, Pattern: kafka.PatternTypeLiteral, Operation: op})
		}
	}
	allow(kafka.ResourceTypeTopic, r.Read, kafka.ACLOperationTypeRead)
	allow(kafka.ResourceTypeTopic, r.Write, kafka.ACLOperationTypeWrite)
	allow(kafka.ResourceTypeGroup, r.Groups, kafka.ACLOperationTypeRead)
	return out
}

// Deployment is what all services need, and who else may write raw records,
// such as sensors.
func Deployment(t cordon.Topics, template string, writers []string) []wkafka.ACL {
	var out []wkafka.ACL
	for _, s := range Services(t) {
		out = append(out, ACLs(Principal(template, s.Name), s.Rights)...)
	}
	var raw []string
	for _, f := range cordon.Formats() {
		raw = append(raw, t.Raw(f))
	}
	for _, w := range writers {
		out = append(out, ACLs(Principal(template, w), wkafka.Rights{Write: raw})...)
	}
	return out
}

// Lacking are the rights in want that have does not give.
func Lacking(have, want []wkafka.ACL) []wkafka.ACL {
	var out []wkafka.ACL
	for _, w := range want {
		given := slices.ContainsFunc(have, func(a wkafka.ACL) bool { return a.Covers(w) })
		taken := slices.ContainsFunc(have, func(a wkafka.ACL) bool { return a.Forbids(w) })
		if !given || taken {
			out = append(out, w)
		}
	}
	return out
}

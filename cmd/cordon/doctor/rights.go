package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/wkafka"
)

// rights compares the ACLs with what each service needs. Who may not read them
// learns what it may do itself.
func (e *exam) rights(ctx context.Context) {
	acls, err := e.admin.ACLs(ctx)
	switch {
	case e.Expect.Embedded:
		e.ok("rights", "ACLs", "the embedded broker has none; it listens on loopback only")
	case errors.Is(err, wkafka.ErrNoACLs):
		e.warn("rights", "ACLs", "set authorizer.class.name on the brokers, then cordon init --acls; deploy/kafka has an example",
			"the cluster has no authorizer: whoever connects may write findings and actions")
	case err != nil:
		e.warn("rights", "ACLs", "run it as a principal that may Describe the cluster", "they cannot be read: %v", err)
		e.own(ctx)
	default:
		for _, s := range access.Services(e.Topics) {
			principal := access.Principal(e.Principal, s.Name)
			e.lacking(s.Name, principal, access.Lacking(acls, access.ACLs(principal, s.Rights)))
		}
	}
}

func (e *exam) lacking(service, principal string, lack []wkafka.ACL) {
	if len(lack) == 0 {
		e.ok("rights", service, "%s has what it needs", principal)
		return
	}
	var texts []string
	for _, a := range lack {
		texts = append(texts, strings.TrimPrefix(a.String(), principal+" may "))
	}
	e.fail("rights", service, "cordon init --acls, or --principal if it goes by another name", "%s lacks: %s", principal, strings.Join(texts, ", "))
}

// own reports for which services this principal has the rights, by what
// brokers say that it may do.
func (e *exam) own(ctx context.Context) {
	operations := map[string]int32{}
	for _, t := range e.cluster.Topics {
		operations[t.Name] = t.Operations
		if t.Err != nil {
			operations[t.Name] = 1 // nothing: it is not to be seen, or not there
		}
	}
	for _, s := range access.Services(e.Topics) {
		var lack []string
		for _, t := range s.Rights.Read {
			if !wkafka.Allows(operations[t], kafka.ACLOperationTypeRead) {
				lack = append(lack, "Read Topic "+t)
			}
		}
		for _, t := range s.Rights.Write {
			if !wkafka.Allows(operations[t], kafka.ACLOperationTypeWrite) {
				lack = append(lack, "Write Topic "+t)
			}
		}
		for _, g := range s.Rights.Groups {
			if got, err := e.admin.Group(ctx, g); err != nil || !wkafka.Allows(got.Operations, kafka.ACLOperationTypeRead) {
				lack = append(lack, "Read Group "+g)
			}
		}
		slices.Sort(lack)
		if lack = slices.Compact(lack); len(lack) == 0 {
			e.ok("rights", "this principal", "has what %s needs", s.Name)
			continue
		}
		e.ok("rights", "this principal", "could not be %s: it lacks %s", s.Name, strings.Join(lack, ", "))
	}
}

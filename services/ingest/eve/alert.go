package eve

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// alert is a signature that matched.
type alert struct {
	action, signature, category string
	gid, sid, rev, severity     ocsf.Opt[int64]
	metadata                    []string
}

func (a *alert) table() field.Table {
	return field.Table{
		"action":       field.Text(&a.action),
		"gid":          field.Int(&a.gid),
		"signature_id": field.Int(&a.sid),
		"rev":          field.Int(&a.rev),
		"signature":    field.Text(&a.signature),
		"category":     field.Text(&a.category),
		"severity":     field.Int(&a.severity),
		"metadata":     field.Pairs(&a.metadata),
	}
}

func (a *alert) clear() { *a = alert{metadata: a.metadata[:0]} }

// fillAlert makes a finding of it, with the traffic that it was found in as
// evidence.
func (e *record) fillAlert(r *report.Report) {
	a := &e.alert
	r.Begin(ocsf.ClassDetectionFinding, ocsf.ActivityFindingCreate)
	rule := strconv.FormatInt(a.gid.Or(1), 10) + ":" + strconv.FormatInt(a.sid.Value, 10)
	r.Found(severity(a.severity.Value), a.signature, rule)
	r.Event.Message = a.signature
	r.Rule = ocsf.FirewallRule{Name: a.signature, UID: rule, Category: a.category}
	r.Analytic.Category = a.category
	if a.rev.Set {
		r.Rule.Version = strconv.FormatInt(a.rev.Value, 10)
		r.Analytic.Version = r.Rule.Version
	}
	r.Event.FirewallRule = &r.Rule
	r.Event.ActionID, r.Event.DispositionID = decision(a.action)
	e.connect(r)
	r.InEvidence()
	e.evidence(r)
	e.keep(r)
	r.KeepText("suricata_action", a.action)
	r.KeepText("suricata_app_proto", e.appProto)
	r.KeepText("suricata_metadata", report.Commas(a.metadata))
}

// severity is OCSF's for Suricata's priority, where 1 is the worst and 255 the
// least.
func severity(priority int64) int {
	switch {
	case priority <= 0:
		return ocsf.SeverityUnknown
	case priority == 1:
		return ocsf.SeverityHigh
	case priority == 2:
		return ocsf.SeverityMedium
	case priority == 3:
		return ocsf.SeverityLow
	}
	return ocsf.SeverityInformational
}

// decision is what became of the packet. Suricata allows when it only watches.
func decision(action string) (id, disposition int) {
	switch action {
	case "allowed":
		return ocsf.ActionAllowed, ocsf.DispositionAlert
	case "blocked":
		return ocsf.ActionDenied, ocsf.DispositionBlocked
	}
	return ocsf.ActionUnknown, ocsf.DispositionUnknown
}

// evidence adds the application layer of the packet, as far as there is one.
func (e *record) evidence(r *report.Report) {
	ev := &r.Evidence[0]
	if e.http.request(r) {
		ev.HTTPRequest = r.Event.HTTPRequest
	}
	if e.http.response(r) {
		ev.HTTPResponse = r.Event.HTTPResponse
	}
	if e.tls.handshake(r) {
		ev.TLS = r.Event.TLS
	}
	if e.dns.question(r) {
		ev.Query = r.Event.Query
	}
	r.Event.HTTPRequest, r.Event.HTTPResponse, r.Event.TLS, r.Event.Query = nil, nil, nil, nil
	r.Result(ocsf.StatusFindingNew) // not that of the request
}

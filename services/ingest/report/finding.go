package report

import "github.com/cordon-iot/cordon/ocsf"

// Found makes r a finding of a rule of somebody else: what it is called and
// its number there. The sides and the connection become its evidence.
func (r *Report) Found(severity int, title, rule string) {
	e := &r.Event
	e.SeverityID = severity
	e.IsAlert = ocsf.Some(true)
	e.StatusID = ocsf.StatusFindingNew
	r.Finding = ocsf.FindingInfo{Title: title}
	r.Analytic = ocsf.Analytic{Name: title, UID: rule, TypeID: ocsf.AnalyticTypeRule}
	if title != "" || rule != "" {
		r.Finding.Analytic = &r.Analytic
	}
	e.FindingInfo = &r.Finding
	r.Evidence[0] = ocsf.Evidence{}
	e.Evidences = r.Evidence[:]
}

// InEvidence moves the connection to the evidence, where findings have it.
func (r *Report) InEvidence() {
	r.Evidence[0].ConnectionInfo = r.Event.ConnectionInfo
	r.Event.ConnectionInfo = nil
}

// IsFinding reports whether the sides belong to the evidence.
func (r *Report) IsFinding() bool { return r.Event.ClassUID == ocsf.ClassDetectionFinding }

// NoEvidence reports whether the finding has our evidence and there is nothing
// in it.
func (r *Report) NoEvidence() bool {
	e := &r.Evidence[0]
	return len(r.Event.Evidences) == 1 && &r.Event.Evidences[0] == e &&
		e.SrcEndpoint == nil && e.DstEndpoint == nil && e.ConnectionInfo == nil &&
		e.HTTPRequest == nil && e.TLS == nil && e.Query == nil
}

package eve

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// dns is a question or an answer. Three versions of the format are about: in
// the first each resource record of an answer is a record of its own, in the
// second an answer has all of them, in the third questions are a list and the
// types are called request and response. Alerts have lists of both.
type dns struct {
	typ, name, rrtype, rcode string
	id, ttl, opcode          ocsf.Opt[int64]
	rdata                    string
	aa, ra, rd, tc           ocsf.Opt[bool]
	asked                    question
	questions                []question
	reply                    answer
	answers                  []answer
}

type question struct {
	name, rrtype, typ string
	id, opcode        ocsf.Opt[int64]
}

type answer struct {
	name, rrtype, rdata string
	ttl                 ocsf.Opt[int64]
}

func (d *dns) table() field.Table {
	questions := field.Objects(d.asked.table(), func() {
		d.questions = append(d.questions, d.asked)
		d.asked = question{}
	})
	return field.Table{
		"type":    field.Text(&d.typ),
		"id":      field.Int(&d.id),
		"rrname":  field.Text(&d.name),
		"rrtype":  field.Text(&d.rrtype),
		"rcode":   field.Text(&d.rcode),
		"ttl":     field.Int(&d.ttl),
		"rdata":   field.Text(&d.rdata),
		"opcode":  field.Int(&d.opcode),
		"aa":      field.Bool(&d.aa),
		"ra":      field.Bool(&d.ra),
		"rd":      field.Bool(&d.rd),
		"tc":      field.Bool(&d.tc),
		"queries": questions,
		"query":   questions,
		"answers": field.Objects(d.reply.table(), func() {
			d.answers = append(d.answers, d.reply)
			d.reply = answer{}
		}),
	}
}

func (q *question) table() field.Table {
	return field.Table{
		"type":   field.Text(&q.typ),
		"rrname": field.Text(&q.name),
		"rrtype": field.Text(&q.rrtype),
		"id":     field.Int(&q.id),
		"opcode": field.Int(&q.opcode),
	}
}

func (a *answer) table() field.Table {
	return field.Table{
		"rrname": field.Text(&a.name),
		"rrtype": field.Text(&a.rrtype),
		"rdata":  field.Text(&a.rdata),
		"ttl":    field.Int(&a.ttl),
	}
}

func (d *dns) clear() { *d = dns{questions: d.questions[:0], answers: d.answers[:0]} }

func (e *record) fillDNS(r *report.Report) {
	d := &e.dns
	activity := ocsf.ActivityDNSQuery
	if d.typ == "answer" || d.typ == "response" {
		activity = ocsf.ActivityDNSResponse
		turn(r)
	}
	r.Begin(ocsf.ClassDNSActivity, activity)
	e.connect(r)
	r.App("dns")
	d.question(r)
	if activity == ocsf.ActivityDNSQuery {
		r.Event.QueryTime = r.Event.Time
	} else {
		r.Event.ResponseTime = r.Event.Time
		d.response(r)
	}
	r.KeepBool("dns_aa", d.aa)
	r.KeepBool("dns_ra", d.ra)
	r.KeepBool("dns_rd", d.rd)
	r.KeepBool("dns_tc", d.tc)
	e.keep(r)
}

// turn makes the one who asked the source again in old records of answers,
// which have the sides of the packet.
func turn(r *report.Report) {
	const domain = 53
	if r.Src.Port == ocsf.Some(domain) && r.Dst.Port != ocsf.Some(domain) {
		r.Src, r.Dst = r.Dst, r.Src
	}
}

// question adds the question and reports whether there is one.
func (d *dns) question(r *report.Report) bool {
	q := question{name: d.name, rrtype: d.rrtype, id: d.id, opcode: d.opcode}
	if q.name == "" && len(d.questions) > 0 {
		q = d.questions[0]
	}
	if q.name == "" {
		return false // OCSF has no question without a name
	}
	r.Query = ocsf.DNSQuery{Hostname: report.Hostname(q.name), Type: q.rrtype, PacketUID: report.Small(q.id)}
	if !q.id.Set {
		r.Query.PacketUID = report.Small(d.id)
	}
	if q.opcode.Set && q.opcode.Value >= 0 && q.opcode.Value <= ocsf.OpcodeDSOMessage {
		r.Query.OpcodeID = report.Small(q.opcode)
	}
	r.Event.Query = &r.Query
	return true
}

func (d *dns) response(r *report.Report) {
	if d.rdata != "" {
		r.Answer(ocsf.DNSAnswer{Hostname: report.Hostname(d.name), Type: d.rrtype, Rdata: d.rdata, TTL: report.Small(d.ttl)})
	}
	for _, a := range d.answers {
		if a.rdata != "" {
			r.Answer(ocsf.DNSAnswer{Hostname: report.Hostname(a.name), Type: a.rrtype, Rdata: a.rdata, TTL: report.Small(a.ttl)})
		}
	}
	if n, ok := rcodeOf(d.rcode); ok {
		r.Rcode(n, d.rcode)
	}
}

// rcodeOf is the number of a response code by its name in EVE.
func rcodeOf(name string) (int64, bool) {
	switch name {
	case "NOERROR":
		return ocsf.RcodeNoError, true
	case "FORMERR":
		return ocsf.RcodeFormError, true
	case "SERVFAIL":
		return ocsf.RcodeServError, true
	case "NXDOMAIN":
		return ocsf.RcodeNXDomain, true
	case "NOTIMP":
		return ocsf.RcodeNotImp, true
	case "REFUSED":
		return ocsf.RcodeRefused, true
	case "YXDOMAIN":
		return ocsf.RcodeYXDomain, true
	case "YXRRSET":
		return ocsf.RcodeYXRRSet, true
	case "NXRRSET":
		return ocsf.RcodeNXRRSet, true
	case "NOTAUTH":
		return ocsf.RcodeNotAuth, true
	case "NOTZONE":
		return ocsf.RcodeNotZone, true
	case "":
		return 0, false
	}
	return ocsf.RcodeOther, true
}

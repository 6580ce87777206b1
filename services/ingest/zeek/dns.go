package zeek

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// dns is the log of lookups: a question with its answer, if one came.
type dns struct {
	line
	query, className, typeName, rcodeName string
	transaction, class, typ, rcode        ocsf.Opt[int64]
	aa, tc, rd, ra, rejected              ocsf.Opt[bool]
	rtt                                   field.Clock
	answers                               []string
	ttls                                  []report.Micros
}

func newDNS() *dns {
	d := &dns{}
	d.bind("dns", field.Table{
		"trans_id":    field.Int(&d.transaction),
		"rtt":         field.Span(&d.rtt),
		"query":       field.Text(&d.query),
		"qclass":      field.Int(&d.class),
		"qclass_name": field.Text(&d.className),
		"qtype":       field.Int(&d.typ),
		"qtype_name":  field.Text(&d.typeName),
		"rcode":       field.Int(&d.rcode),
		"rcode_name":  field.Text(&d.rcodeName),
		"AA":          field.Bool(&d.aa),
		"TC":          field.Bool(&d.tc),
		"RD":          field.Bool(&d.rd),
		"RA":          field.Bool(&d.ra),
		"answers":     field.Texts(&d.answers),
		"TTLs":        field.Spans(&d.ttls),
		"rejected":    field.Bool(&d.rejected),
	})
	return d
}

func (d *dns) clear() {
	answers, ttls := d.answers[:0], d.ttls[:0]
	d.line.clear()
	*d = dns{line: d.line, answers: answers, ttls: ttls}
}

func (d *dns) fill(r *report.Report) {
	activity := ocsf.ActivityDNSQuery
	if d.rcode.Set || len(d.answers) > 0 {
		activity = ocsf.ActivityDNSTraffic
	}
	r.Begin(ocsf.ClassDNSActivity, activity)
	d.connect(r, "udp")
	r.App("dns")
	r.Event.QueryTime = r.Event.Time
	if answered := r.Time + d.rtt.Micros; d.rtt.Set && answered.Plausible() {
		r.Event.ResponseTime = answered.Millis()
	}
	d.question(r)
	d.reply(r)
	r.KeepBool("dns_aa", d.aa)
	r.KeepBool("dns_ra", d.ra)
	r.KeepBool("dns_rd", d.rd)
	r.KeepBool("dns_rejected", d.rejected)
	if d.rtt.Set {
		r.Keep(ocsf.Float("dns_rtt", d.rtt.Seconds()))
	}
	r.KeepBool("dns_tc", d.tc)
}

func (d *dns) question(r *report.Report) {
	if d.query == "" {
		return // OCSF has no question without a name
	}
	r.Query = ocsf.DNSQuery{Hostname: report.Hostname(d.query), Class: d.classText(), Type: d.typeName}
	if r.Query.Type == "" && d.typ.Set {
		r.Query.Type = report.DNSType(d.typ.Value)
	}
	if d.transaction.Set {
		r.Query.PacketUID = ocsf.Some(int(d.transaction.Value))
	}
	r.Event.Query = &r.Query
}

// classText is the class as in zone files; Zeek writes C_INTERNET.
func (d *dns) classText() string {
	switch {
	case d.className == "C_INTERNET" || d.className == "" && d.class == ocsf.Some[int64](1):
		return "IN"
	case d.className == "" && d.class.Set:
		return strconv.FormatInt(d.class.Value, 10)
	}
	return d.className
}

func (d *dns) reply(r *report.Report) {
	for i, a := range d.answers {
		answer := ocsf.DNSAnswer{Rdata: a}
		if i < len(d.ttls) {
			answer.TTL = ocsf.Some(int(d.ttls[i] / 1e6))
		}
		r.Answer(answer)
	}
	if d.rcode.Set {
		r.Rcode(d.rcode.Value, d.rcodeName)
	}
}

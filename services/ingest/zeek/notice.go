package zeek

import (
	"net/netip"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// notice is what Zeek's own scripts found worth saying. Zeek does not grade
// it: the severity is unknown.
type notice struct {
	line
	note, msg, sub, peer string
	src, dst             netip.Addr
	port                 ocsf.Opt[int]
	n                    ocsf.Opt[int64]
	actions              []string
}

func newNotice() *notice {
	n := &notice{}
	n.bind("notice", field.Table{
		"note":       field.Text(&n.note),
		"msg":        field.Text(&n.msg),
		"sub":        field.Text(&n.sub),
		"src":        field.Addr(&n.src),
		"dst":        field.Addr(&n.dst),
		"p":          field.Port(&n.port),
		"n":          field.Int(&n.n),
		"peer_descr": field.Text(&n.peer),
		"actions":    field.Texts(&n.actions),
	})
	return n
}

func (n *notice) clear() {
	actions := n.actions[:0]
	n.line.clear()
	*n = notice{line: n.line, actions: actions}
}

func (n *notice) fill(r *report.Report) {
	n.sides(r)
	r.Begin(ocsf.ClassDetectionFinding, ocsf.ActivityFindingCreate)
	r.Found(ocsf.SeverityUnknown, n.note, n.note)
	r.Finding.Desc = n.msg
	r.Event.Message = n.msg
	if n.uid != "" || n.proto != "" {
		n.connect(r, n.proto)
		r.InEvidence()
	}
	r.KeepText("notice_actions", report.Commas(n.actions))
	r.KeepInt("notice_n", n.n)
	r.KeepText("notice_peer", n.peer)
	r.KeepText("notice_sub", n.sub)
}

// sides are those of the connection, or what the notice itself names.
func (n *notice) sides(r *report.Report) {
	if !r.Src.Known() {
		r.Src.Addr = n.src
	}
	if !r.Dst.Known() {
		r.Dst.Addr = n.dst
		r.Dst.Port = n.port
	}
}

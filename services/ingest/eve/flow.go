package eve

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// flow is a flow that has ended, or the state of the flow of another record.
type flow struct {
	toServer, toClient           ocsf.Opt[int64] // packets
	bytesToServer, bytesToClient ocsf.Opt[int64] // with headers
	start, end                   field.Clock
	state, reason                string
}

func (f *flow) table() field.Table {
	return field.Table{
		"pkts_toserver":  field.Int(&f.toServer),
		"pkts_toclient":  field.Int(&f.toClient),
		"bytes_toserver": field.Int(&f.bytesToServer),
		"bytes_toclient": field.Int(&f.bytesToClient),
		"start":          field.Time(&f.start),
		"end":            field.Time(&f.end),
		"state":          field.Text(&f.state),
		"reason":         field.Text(&f.reason),
	}
}

// tcp is the TCP flags of a flow, as hexadecimal text: all, and those of each
// direction.
type tcp struct {
	flags, fromClient, fromServer string
}

func (t *tcp) table() field.Table {
	return field.Table{
		"tcp_flags":    field.Text(&t.flags),
		"tcp_flags_ts": field.Text(&t.fromClient),
		"tcp_flags_tc": field.Text(&t.fromServer),
	}
}

// Flags of TCP (RFC 9293, 3.1).
const (
	flagSYN = 0x02
	flagRST = 0x04
)

func bits(hex string) (int, bool) {
	n, err := strconv.ParseUint(hex, 16, 16)
	return int(n), err == nil
}

// fillFlow takes a flow to have happened when it began; the time of the record
// is when Suricata gave it up.
func (e *record) fillFlow(r *report.Report) {
	if e.flow.start.Set {
		r.Metadata.LoggedTime = r.Time.Millis()
		r.Time = e.flow.start.Micros
	}
	activity, status := e.ended()
	r.Begin(ocsf.ClassNetworkActivity, activity)
	r.Result(status)
	e.connect(r)
	if e.appProto != "" && e.appProto != "failed" {
		r.App(e.appProto)
	}
	if flags, ok := bits(e.tcp.flags); ok {
		r.Conn.TCPFlags = ocsf.Some(flags)
	}
	if e.flow.start.Set && e.flow.end.Set {
		r.Event.Duration = ocsf.Some((e.flow.end.Micros - e.flow.start.Micros).Millis())
	}
	e.flow.count(r)
	r.KeepText("flow_in_iface", e.iface)
	r.KeepText("flow_reason", e.flow.reason)
	r.KeepText("flow_state", e.flow.state)
}

func (f *flow) count(r *report.Report) {
	r.Traffic = ocsf.NetworkTraffic{
		Bytes: report.Sum(f.bytesToServer, f.bytesToClient), BytesOut: f.bytesToServer, BytesIn: f.bytesToClient,
		Packets: report.Sum(f.toServer, f.toClient), PacketsOut: f.toServer, PacketsIn: f.toClient,
	}
	r.Event.Traffic = &r.Traffic
}

// ended says what became of the flow. Suricata does not tell a refused
// connection from one that was reset; the flags do.
func (e *record) ended() (activity, status int) {
	answered := e.flow.toClient.Value > 0
	if e.proto != "TCP" {
		if answered {
			return ocsf.ActivityNetworkTraffic, ocsf.StatusSuccess
		}
		return ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown
	}
	client, _ := bits(e.tcp.fromClient)
	server, known := bits(e.tcp.fromServer)
	switch {
	case !answered && client&flagSYN != 0:
		return ocsf.ActivityNetworkFail, ocsf.StatusFailure
	case known && server&(flagSYN|flagRST) == flagRST:
		return ocsf.ActivityNetworkRefuse, ocsf.StatusFailure
	case known && (client|server)&flagRST != 0:
		return ocsf.ActivityNetworkReset, ocsf.StatusSuccess
	case e.flow.state == "closed":
		return ocsf.ActivityNetworkClose, ocsf.StatusSuccess
	case e.flow.state == "established":
		return ocsf.ActivityNetworkOpen, ocsf.StatusSuccess
	}
	return ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown
}

package zeek

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// conn is the log of connections: one line when a connection has ended, or
// when Zeek has not seen it for a while.
type conn struct {
	line
	service, state, history string
	vlan, innerVLAN         string
	duration                field.Clock
	origBytes, respBytes    ocsf.Opt[int64] // payload
	origIP, respIP          ocsf.Opt[int64] // with headers
	origPkts, respPkts      ocsf.Opt[int64]
	missed                  ocsf.Opt[int64]
	tunnels                 []string
}

func newConn() *conn {
	c := &conn{}
	c.bind("conn", field.Table{
		"service":        field.Text(&c.service),
		"duration":       field.Span(&c.duration),
		"orig_bytes":     field.Int(&c.origBytes),
		"resp_bytes":     field.Int(&c.respBytes),
		"conn_state":     field.Text(&c.state),
		"missed_bytes":   field.Int(&c.missed),
		"history":        field.Text(&c.history),
		"orig_pkts":      field.Int(&c.origPkts),
		"orig_ip_bytes":  field.Int(&c.origIP),
		"resp_pkts":      field.Int(&c.respPkts),
		"resp_ip_bytes":  field.Int(&c.respIP),
		"tunnel_parents": field.Texts(&c.tunnels),
		"vlan":           field.Text(&c.vlan),
		"inner_vlan":     field.Text(&c.innerVLAN),
	})
	return c
}

func (c *conn) clear() {
	tunnels := c.tunnels[:0]
	c.line.clear()
	*c = conn{line: c.line, tunnels: tunnels}
}

func (c *conn) fill(r *report.Report) {
	activity, status := ended(c.state, c.proto)
	r.Begin(ocsf.ClassNetworkActivity, activity)
	r.Result(status)
	c.connect(r, "")
	r.Conn.FlagHistory = c.history
	if c.service != "" {
		r.App(c.service)
	}
	if c.duration.Set {
		r.Event.Duration = ocsf.Some(c.duration.Millis())
	}
	r.Src.VLAN, r.Dst.VLAN = c.vlan, c.vlan
	c.count(r)
	r.KeepBool("conn_local_orig", c.origLocal)
	r.KeepBool("conn_local_resp", c.respLocal)
	r.KeepInt("conn_orig_ip_bytes", c.origIP)
	r.KeepInt("conn_resp_ip_bytes", c.respIP)
	r.KeepText("conn_state", c.state)
	r.KeepText("conn_tunnel_parents", report.Commas(c.tunnels))
	r.KeepText("conn_vlan_inner", c.innerVLAN)
}

// count adds the traffic: OCSF's "out" is from source to destination.
func (c *conn) count(r *report.Report) {
	r.Traffic = ocsf.NetworkTraffic{
		Bytes: report.Sum(c.origBytes, c.respBytes), BytesOut: c.origBytes, BytesIn: c.respBytes,
		Packets: report.Sum(c.origPkts, c.respPkts), PacketsOut: c.origPkts, PacketsIn: c.respPkts,
	}
	if c.missed.Value > 0 {
		r.Traffic.BytesMissed = c.missed
	}
	if r.Traffic != (ocsf.NetworkTraffic{}) {
		r.Event.Traffic = &r.Traffic
	}
}

// ended says what a [conn_state] means for the connection as a whole. Only TCP
// opens and closes; of other transports it is known at most that somebody
// answered.
//
// [conn_state]: https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
func ended(state, transport string) (activity, status int) {
	if transport != "tcp" {
		if state == "SF" {
			return ocsf.ActivityNetworkTraffic, ocsf.StatusSuccess
		}
		return ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown
	}
	switch state {
	case "S1": // established, not yet ended
		return ocsf.ActivityNetworkOpen, ocsf.StatusSuccess
	case "SF", "S2", "S3": // closed by both sides, or by one
		return ocsf.ActivityNetworkClose, ocsf.StatusSuccess
	case "RSTO", "RSTR": // established, then reset
		return ocsf.ActivityNetworkReset, ocsf.StatusSuccess
	case "REJ": // answered with a reset
		return ocsf.ActivityNetworkRefuse, ocsf.StatusFailure
	case "S0", "SH", "RSTOS0": // no answer, or the source gave up before one
		return ocsf.ActivityNetworkFail, ocsf.StatusFailure
	case "RSTRH": // reset by the destination; the source was not seen
		return ocsf.ActivityNetworkReset, ocsf.StatusUnknown
	}
	return ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown // seen from the middle on
}

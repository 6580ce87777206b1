package eve

import (
	"net/netip"
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// head is what all records have in common.
type head struct {
	kind               string
	timestamp          field.Clock
	sensor, iface      string
	flowID, community  string
	proto, appProto    string
	srcAddr, dstAddr   netip.Addr
	srcPort, dstPort   ocsf.Opt[int]
	icmpType, icmpCode ocsf.Opt[int]
	srcMAC, dstMAC     inventory.MAC
	vlans              []string
	tx                 ocsf.Opt[int64]
}

func (h *head) table() field.Table {
	return field.Table{
		"event_type":   field.Text(&h.kind),
		"timestamp":    field.Time(&h.timestamp),
		"host":         field.Text(&h.sensor),
		"in_iface":     field.Text(&h.iface),
		"flow_id":      field.Text(&h.flowID),
		"community_id": field.Text(&h.community),
		"proto":        field.Text(&h.proto),
		"app_proto":    field.Text(&h.appProto),
		"src_ip":       field.Addr(&h.srcAddr),
		"src_port":     field.Port(&h.srcPort),
		"dest_ip":      field.Addr(&h.dstAddr),
		"dest_port":    field.Port(&h.dstPort),
		"icmp_type":    field.Port(&h.icmpType),
		"icmp_code":    field.Port(&h.icmpCode),
		"vlan":         field.Texts(&h.vlans),
		"tx_id":        field.Int(&h.tx),
		"ether": field.Object(field.Table{
			"src_mac":  field.MAC(&h.srcMAC),
			"dest_mac": field.MAC(&h.dstMAC),
		}),
	}
}

func (h *head) clear() { *h = head{vlans: h.vlans[:0]} }

// unknownSensor is the sensor of records that do not say who wrote them, and
// whose shipper does not either.
const unknownSensor = "unknown"

// describe says in r what all records have in common. A sensor has a name in
// EVE only if it is configured to (sensor-name).
func (h *head) describe(r *report.Report, key string) {
	r.Sensor = unknownSensor
	switch {
	case h.sensor != "":
		r.Sensor = h.sensor
	case key != "":
		r.Sensor = key
	}
	r.Time = h.timestamp.Micros
	r.Src = report.Side{Addr: h.srcAddr, Port: h.srcPort, MAC: h.srcMAC}
	r.Dst = report.Side{Addr: h.dstAddr, Port: h.dstPort, MAC: h.dstMAC}
	if h.icmpType.Set {
		r.Src.Port, r.Dst.Port = h.icmpType, h.icmpCode
	}
	if len(h.vlans) > 0 {
		r.Src.VLAN, r.Dst.VLAN = h.vlans[0], h.vlans[0]
	}
	r.From("Suricata", "OISF", h.kind)
}

// connect adds the connection.
func (h *head) connect(r *report.Report) {
	r.Connection(transport(h.proto))
	r.Conn.UID = h.flowID
	r.Conn.CommunityUID = h.community
}

// transport is the protocol in the spelling of IANA; EVE writes capitals.
func transport(proto string) string {
	switch proto {
	case "TCP":
		return "tcp"
	case "UDP":
		return "udp"
	case "ICMP":
		return "icmp"
	}
	return strings.ToLower(proto)
}

// keep adds what OCSF has no place for.
func (h *head) keep(r *report.Report) {
	r.KeepText("flow_in_iface", h.iface)
	r.KeepInt("suricata_tx_id", h.tx)
}

// activity makes r a record of application traffic over a connection.
func (h *head) activity(r *report.Report, activity int, app string) {
	r.Begin(ocsf.ClassNetworkActivity, activity)
	h.connect(r)
	r.App(app)
	h.keep(r)
}

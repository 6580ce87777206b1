package report

import (
	"net/netip"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
)

// Side is one end of a connection as the sensor saw it.
type Side struct {
	Addr  netip.Addr
	Port  ocsf.Opt[int]
	MAC   inventory.MAC
	Host  string
	VLAN  string
	Local ocsf.Opt[bool] // the sensor's own word; see IsLocal
}

// Known reports whether there is anything to tell the side by.
func (s *Side) Known() bool { return s.Addr.IsValid() || s.MAC != inventory.MAC{} || s.Host != "" }

// IsLocal reports whether the side is on the site: by the sensor's word, or
// because its address is one that is not routed on the Internet (RFC 1918,
// RFC 4193, RFC 3927, RFC 6598) or not an address of one host at all.
func (s *Side) IsLocal() bool {
	if s.Local.Set {
		return s.Local.Value
	}
	a := s.Addr
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() || a.IsUnspecified() || IsGroup(a) || isShared(a)
}

// isShared reports addresses between a provider and its subscribers
// (RFC 6598, 100.64.0.0/10): behind them are devices on mobile networks.
func isShared(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b[0] == 100 && b[1]&0xc0 == 64
}

// IsGroup reports whether a names many hosts: multicast or the broadcast of
// the link.
func IsGroup(a netip.Addr) bool {
	return a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// Binding is an address that a device was given.
type Binding struct {
	Addr  netip.Addr
	MAC   inventory.MAC
	Lease Micros // how long; 0 = not said
}

// Report is one raw record in the words of OCSF. A mapper fills it; then it is
// completed with what is known of the device. It is used again for each
// record, with all its objects.
type Report struct {
	Sensor string // who reported
	Time   Micros // when it happened
	Src    Side
	Dst    Side
	Device cordon.DeviceID // whom it is about, if the record says so itself
	Self   Side            // the device, where the record describes it apart from the sides
	Taught Binding         // what it says about who has an address

	// Event is the result. It points to the objects below as far as the
	// record has something for them.
	Event ocsf.Event

	// Empty at the start of a record.
	Metadata ocsf.Metadata
	About    ocsf.Device
	SrcEnd   ocsf.NetworkEndpoint
	DstEnd   ocsf.NetworkEndpoint
	Conn     ocsf.NetworkConnectionInfo

	// Left over from some earlier record until they are assigned.
	Product   ocsf.Product
	Traffic   ocsf.NetworkTraffic
	TLS       ocsf.TLS
	Cert      ocsf.Certificate
	Query     ocsf.DNSQuery
	Request   ocsf.HTTPRequest
	Response  ocsf.HTTPResponse
	URL       ocsf.URL
	Finding   ocsf.FindingInfo
	Analytic  ocsf.Analytic
	Rule      ocsf.FirewallRule
	Evidence  [1]ocsf.Evidence
	clipMarks [1]string
}

// Reset empties r for the next record and keeps its memory. Most records use
// few of the objects; emptying all of them each time would be a tenth of the
// work.
func (r *Report) Reset() {
	r.Event = ocsf.Event{Answers: r.Event.Answers[:0], Unmapped: r.Event.Unmapped[:0]}
	r.Sensor, r.Time, r.Device = "", 0, ""
	r.Src, r.Dst, r.Self, r.Taught = Side{}, Side{}, Side{}, Binding{}
	r.Metadata, r.About = ocsf.Metadata{}, ocsf.Device{}
	r.SrcEnd, r.DstEnd = ocsf.NetworkEndpoint{}, ocsf.NetworkEndpoint{}
	r.Conn = ocsf.NetworkConnectionInfo{}
}

// Begin makes r an event of that class and activity.
func (r *Report) Begin(class, activity int) {
	e := &r.Event
	e.ClassUID = class
	e.CategoryUID = ocsf.CategoryOf(class)
	e.ActivityID = activity
	e.TypeUID = ocsf.TypeOf(class, activity)
	e.SeverityID = ocsf.SeverityInformational
	e.Time = r.Time.Millis()
}

// From says which log of which product r is from. The product's maker has the
// product's name, as with Zeek and Suricata's foundation.
func (r *Report) From(product, vendor, log string) {
	r.Product = ocsf.Product{Name: product, VendorName: vendor}
	r.Metadata.Product = &r.Product
	r.Metadata.LogName = log
	r.Metadata.LogProvider = r.Sensor
	r.Metadata.Version = ocsf.Version
	r.Event.Metadata = &r.Metadata
}

// Connection adds the connection with its transport, such as "tcp".
func (r *Report) Connection(transport string) {
	r.Conn.ProtocolName = transport
	if n, ok := protocolNumber(transport, r.Src.Addr); ok {
		r.Conn.ProtocolNum = ocsf.Some(n)
	}
	r.Event.ConnectionInfo = &r.Conn
}

// protocolNumber is the IANA number of a transport by the name that sensors
// give it; ICMP is another protocol in IPv6.
func protocolNumber(name string, src netip.Addr) (int, bool) {
	switch name {
	case "tcp":
		return 6, true
	case "udp":
		return 17, true
	case "icmp":
		if src.Is6() {
			return 58, true
		}
		return 1, true
	case "ipv6-icmp":
		return 58, true
	case "sctp":
		return 132, true
	}
	return 0, false
}

// App says which application protocol is in the connection. OCSF has a name
// for the protocol and one for the application; the two are the same here.
func (r *Report) App(name string) {
	r.Event.AppProtocolName = name
	r.Event.AppName = name
}

// Result says how it ended.
func (r *Report) Result(status int) { r.Event.StatusID = status }

// Keep adds fields that OCSF has no place for, as declared in the profile.
func (r *Report) Keep(ps ...ocsf.Pair) {
	r.Event.Unmapped = append(r.Event.Unmapped, ps...)
}

// KeepText keeps a text, unless it is empty.
func (r *Report) KeepText(name, v string) {
	if v != "" {
		r.Keep(ocsf.String(name, v))
	}
}

// KeepInt keeps a number that the record had.
func (r *Report) KeepInt(name string, v ocsf.Opt[int64]) {
	if v.Set {
		r.Keep(ocsf.Int(name, v.Value))
	}
}

// KeepBool keeps a truth value that the record had.
func (r *Report) KeepBool(name string, v ocsf.Opt[bool]) {
	if v.Set {
		r.Keep(ocsf.Bool(name, v.Value))
	}
}

// Answer adds a resource record of a DNS reply.
func (r *Report) Answer(a ocsf.DNSAnswer) {
	r.Event.Answers = append(r.Event.Answers, a)
}

// MarkClipped says in the event that a part of the record was too long and is
// not in it.
func (r *Report) MarkClipped() {
	r.clipMarks[0] = "clipped"
	r.Metadata.Labels = r.clipMarks[:]
}

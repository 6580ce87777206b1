package zeek

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// dhcp is the log of address leases: one line for an exchange of messages.
// Before Zeek 2.6 it was a line for each message, with other names.
type dhcp struct {
	line
	mac                            inventory.MAC
	clientAddr, serverAddr         netip.Addr
	requested, assigned            netip.Addr
	hostName, fqdn, domain         string
	clientMsg, serverMsg           string
	clientSoftware, serverSoftware string
	vendorClass, clientID          string
	transaction                    string
	lease                          field.Clock
	types, params                  []string
}

func newDHCP() *dhcp {
	d := &dhcp{}
	d.bind("dhcp", field.Table{
		"client_addr":     field.Addr(&d.clientAddr),
		"server_addr":     field.Addr(&d.serverAddr),
		"mac":             field.MAC(&d.mac),
		"host_name":       field.Text(&d.hostName),
		"client_fqdn":     field.Text(&d.fqdn),
		"domain":          field.Text(&d.domain),
		"requested_addr":  field.Addr(&d.requested),
		"assigned_addr":   field.Addr(&d.assigned),
		"assigned_ip":     field.Addr(&d.assigned),
		"lease_time":      field.Span(&d.lease),
		"trans_id":        field.Text(&d.transaction),
		"client_message":  field.Text(&d.clientMsg),
		"server_message":  field.Text(&d.serverMsg),
		"msg_types":       field.Texts(&d.types),
		"msg_type":        field.Texts(&d.types),
		"client_software": field.Text(&d.clientSoftware),
		"server_software": field.Text(&d.serverSoftware),
		"vendor_class":    field.Text(&d.vendorClass),
		"client_id":       field.Text(&d.clientID),
		"param_list":      field.Texts(&d.params),
	})
	return d
}

func (d *dhcp) clear() {
	types, params := d.types[:0], d.params[:0]
	d.line.clear()
	*d = dhcp{line: d.line, types: types, params: params}
}

func (d *dhcp) fill(r *report.Report) {
	last := ""
	for i, t := range d.types {
		d.types[i] = messageName(t)
		last = d.types[i]
	}
	r.Begin(ocsf.ClassDHCPActivity, messageActivity(last))
	d.sides(r)
	d.connect(r, "udp")
	r.App("dhcp")
	r.Event.TransactionUID = d.transaction
	if d.lease.Set {
		r.Event.LeaseDur = ocsf.Some(int(d.lease.Micros / 1e6))
	}
	d.teach(r, last)
	d.keep(r)
}

// sides are the client and the server. A client without an address yet is told
// by its hardware address.
func (d *dhcp) sides(r *report.Report) {
	for _, a := range []netip.Addr{d.clientAddr, d.assigned, d.requested} {
		if !r.Src.Addr.IsValid() || r.Src.Addr.IsUnspecified() {
			r.Src.Addr = a
		}
	}
	if d.serverAddr.IsValid() {
		r.Dst.Addr = d.serverAddr
	}
	r.Src.MAC = d.mac
	r.Src.Host = report.Hostname(d.hostName)
}

// teach notes a lease that was given, and whether it is the client's first.
func (d *dhcp) teach(r *report.Report, last string) {
	if last != "ACK" || !d.assigned.IsValid() {
		return
	}
	r.Result(ocsf.StatusSuccess)
	r.Event.IsRenewal = ocsf.Some(!slices.Contains(d.types, "DISCOVER"))
	r.Taught = report.Binding{Addr: d.assigned, MAC: d.mac, Lease: d.lease.Micros}
}

func (d *dhcp) keep(r *report.Report) {
	r.KeepText("dhcp_assigned_ip", addrText(d.assigned))
	r.KeepText("dhcp_client_fqdn", d.fqdn)
	r.KeepText("dhcp_client_id", d.clientID)
	r.KeepText("dhcp_client_message", d.clientMsg)
	r.KeepText("dhcp_client_software", d.clientSoftware)
	r.KeepText("dhcp_domain", d.domain)
	r.KeepText("dhcp_host_name", d.hostName)
	r.KeepText("dhcp_msg_types", report.Commas(d.types))
	r.KeepText("dhcp_param_list", report.Commas(d.params))
	r.KeepText("dhcp_requested_ip", addrText(d.requested))
	r.KeepText("dhcp_server_message", d.serverMsg)
	r.KeepText("dhcp_server_software", d.serverSoftware)
	r.KeepText("dhcp_vendor_class", d.vendorClass)
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// messageName is the name of a message that may be given by its number
// (RFC 2132, 9.6).
func messageName(t string) string {
	names := [...]string{"DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"}
	if len(t) == 1 && t[0] >= '1' && t[0] <= '8' {
		return names[t[0]-'1']
	}
	return strings.TrimPrefix(t, "DHCP_")
}

func messageActivity(name string) int {
	switch name {
	case "":
		return ocsf.ActivityDHCPUnknown
	case "DISCOVER":
		return ocsf.ActivityDHCPDiscover
	case "OFFER":
		return ocsf.ActivityDHCPOffer
	case "REQUEST":
		return ocsf.ActivityDHCPRequest
	case "DECLINE":
		return ocsf.ActivityDHCPDecline
	case "ACK":
		return ocsf.ActivityDHCPAck
	case "NAK":
		return ocsf.ActivityDHCPNak
	case "RELEASE":
		return ocsf.ActivityDHCPRelease
	case "INFORM":
		return ocsf.ActivityDHCPInform
	}
	return ocsf.ActivityDHCPOther
}

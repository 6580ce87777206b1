package main

import "github.com/cordon-iot/cordon/ocsf"

// A class is a kind of event, in the order of how often it comes.
type class int

const (
	telemetry class = iota
	flow
	dns
	auth
	http
	dhcp
	ssh
	process
	config
	tunnel
	patch
	peripheral
)

// classInfo is what the two forms of events say about a class. OCSF has none
// for telemetry: it is seen as MQTT on the wire, a network activity.
type classInfo struct {
	name     string // in flat events
	perMille int    // of all events
	uid      int    // in OCSF
	activity int
	topic    string // name of the class in OCSF, as events carry it
}

func classes() []classInfo {
	return []classInfo{
		telemetry:  {"telemetry", 520, ocsf.ClassNetworkActivity, 6, "network_activity"},
		flow:       {"flow", 220, ocsf.ClassNetworkActivity, 2, "network_activity"},
		dns:        {"dns", 100, ocsf.ClassDNSActivity, 6, "dns_activity"},
		auth:       {"auth", 50, ocsf.ClassAuthentication, 1, "authentication"},
		http:       {"http", 30, ocsf.ClassHTTPActivity, 3, "http_activity"},
		dhcp:       {"dhcp", 20, ocsf.ClassDHCPActivity, 5, "dhcp_activity"},
		ssh:        {"ssh", 15, ocsf.ClassSSHActivity, 1, "ssh_activity"},
		process:    {"process", 12, ocsf.ClassProcessActivity, 1, "process_activity"},
		config:     {"config", 10, ocsf.ClassDeviceConfigStateChange, 1, "device_config_state_change"},
		tunnel:     {"tunnel", 9, ocsf.ClassTunnelActivity, 1, "tunnel_activity"},
		patch:      {"patch", 7, ocsf.ClassPatchState, 1, "patch_state"},
		peripheral: {"peripheral", 7, ocsf.ClassPeripheralActivity, 1, "peripheral_activity"},
	}
}

func (c class) info() classInfo { return classes()[c] }

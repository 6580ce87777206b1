package main

import (
	"fmt"
	"strings"
)

// A form is how events look: the same facts, and the same rules about them, in
// other places.
type form struct {
	name   string
	encode func(*fact) ([]byte, error)
	class  func(c class, anyClass bool) []string // the lines of a rule that ask for c
	places map[string]string                     // where a rule finds what {name} stands for
}

func forms() []form {
	return []form{
		{name: "flat", encode: encodeFlat, class: flatClass, places: flatPlaces()},
		{name: "ocsf", encode: encodeOCSF, class: ocsfClass, places: ocsfPlaces()},
	}
}

// text puts the places of f for the names in braces. In places of METADATA,
// too, a path is written as in a rule.
func (f form) text(s string) string {
	pairs := make([]string, 0, 2*len(f.places))
	for name, place := range f.places {
		pairs = append(pairs, "{"+name+"}", "input."+place)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func flatClass(c class, anyClass bool) []string {
	if anyClass {
		return nil
	}
	return []string{fmt.Sprintf("input.class == %q", c.info().name)}
}

// ocsfClass asks for MQTT too where telemetry is meant, and for that alone
// where a rule does not say the class.
func ocsfClass(c class, anyClass bool) (lines []string) {
	if !anyClass {
		lines = append(lines, fmt.Sprintf("input.class_uid == %d", c.info().uid))
	}
	if c == telemetry {
		lines = append(lines, `input.app_name == "mqtt"`)
	}
	return lines
}

func flatPlaces() map[string]string {
	return map[string]string{
		"device.id": "device.uid", "device.type": "device.type", "device.model": "device.model", "device.vendor": "device.vendor",
		"device.zone": "device.zone", "device.mac": "device.mac", "version": "device.fw.version", "hash": "device.fw.hash",
		"src.ip": "src.ip", "dst.ip": "dst.ip", "dst.port": "dst.port", "proto": "net.proto", "direction": "net.direction",
		"bytes_in": "net.bytes_in", "bytes_out": "net.bytes_out", "packets_out": "net.packets_out", "duration": "net.duration",
		"temp": "telemetry.temp", "battery": "telemetry.battery", "load": "telemetry.load", "snr": "telemetry.snr", "uptime": "telemetry.uptime",
		"query": "dns.query", "qtype": "dns.type", "rcode": "dns.rcode", "rtt": "dns.rtt",
		"user": "auth.user", "method": "auth.method", "result": "auth.result",
		"verb": "http.method", "path": "http.path", "host": "http.host", "agent": "http.agent", "status": "http.status",
		"program": "process.name", "command": "process.command", "account": "process.user",
		"setting": "config.setting", "level": "config.level", "client": "ssh.client",
	}
}

// ocsfPlaces are those of OCSF. It has none for what telemetry measures, so
// that this stands where the traffic of other network activities does.
func ocsfPlaces() map[string]string {
	return map[string]string{
		"device.id": "device.uid", "device.type": "device.type", "device.model": "device.model", "device.vendor": "device.vendor_name",
		"device.zone": "device.zone", "device.mac": "device.mac", "version": "device.os.version", "hash": "unmapped.firmware_hash",
		"src.ip": "src_endpoint.ip", "dst.ip": "dst_endpoint.ip", "dst.port": "dst_endpoint.port",
		"proto": "connection_info.protocol_name", "direction": "connection_info.direction_id",
		"bytes_in": "traffic.bytes_in", "bytes_out": "traffic.bytes_out", "packets_out": "traffic.packets_out", "duration": "duration",
		"temp": "traffic.bytes_in", "battery": "traffic.packets_in", "load": "traffic.packets_out", "snr": "traffic.bytes_out", "uptime": "duration",
		"query": "query.hostname", "qtype": "query.type", "rcode": "rcode_id", "rtt": "unmapped.dns_rtt",
		"user": "user.name", "method": "auth_protocol", "result": "status",
		"verb": "http_request.http_method", "path": "http_request.url.path", "host": "http_request.url.hostname",
		"agent": "http_request.user_agent", "status": "http_response.code",
		"program": "process.name", "command": "process.cmd_line", "account": "process.user.name",
		"setting": "unmapped.config_setting", "level": "device.risk_score", "client": "unmapped.ssh_client",
	}
}

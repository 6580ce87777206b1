package main

import (
	"encoding/json"
	"fmt"
)

type object = map[string]any

// encodeFlat writes f nested a little, with about 30 leaves. Marshalling a map
// sorts its keys, so that the text is canonical.
func encodeFlat(f *fact) ([]byte, error) {
	d := f.device
	event := object{
		"class": f.class.info().name, "id": fmt.Sprintf("ev-%016x", f.number), "time": f.at, "severity": "informational", "sequence": f.number,
		"sensor": object{"id": fmt.Sprintf("sensor-%02d", f.number%12), "version": "4.2.0"},
		"device": object{
			"uid": d.id, "name": d.name, "type": d.kind, "model": d.model, "vendor": d.vendor, "zone": d.zone, "mac": d.mac, "ip": d.ip,
			"managed": true, "fw": object{"version": d.version, "hash": d.hash},
		},
		"src": object{"ip": f.src.ip, "port": f.src.port},
		"dst": object{"ip": f.dst.ip, "port": f.dst.port},
		"net": object{
			"proto": f.proto, "direction": f.direction, "duration": f.duration, "bytes_in": f.bytesIn, "bytes_out": f.bytesOut,
			"packets_in": f.packetsIn, "packets_out": f.packetsOut,
		},
	}
	event[f.class.info().name] = flatDetails(f)
	return json.Marshal(event)
}

// flatDetails is what only events of f's class say.
func flatDetails(f *fact) object {
	switch f.class {
	case telemetry:
		return object{"temp": f.temp, "battery": f.battery, "load": f.load, "snr": f.snr, "uptime": f.uptime}
	case flow:
		return object{"state": "closed", "history": "ShADadfF", "community": "1:LQU9qZlK+B5F3KDmev6m5PMibrg="}
	case dns:
		return object{"query": f.query, "type": f.qtype, "rcode": f.rcode, "rtt": f.rtt}
	case auth:
		return object{"user": f.user, "method": f.method, "result": result(f), "attempt": 1 + f.number%3}
	case http:
		return object{"method": f.verb, "host": f.host, "path": f.path, "agent": f.agent, "status": f.status}
	case process:
		return object{"name": f.program, "command": f.command, "user": f.account, "pid": f.pid}
	case config:
		return object{"setting": f.setting, "level": f.level, "changed_by": f.user}
	case ssh:
		return object{"client": f.client, "server": "OpenSSH_9.6", "result": result(f)}
	}
	return object{"state": "ok", "detail": f.setting}
}

func result(f *fact) string {
	if f.failed {
		return "failure"
	}
	return "success"
}

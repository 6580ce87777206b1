package main

import (
	"fmt"

	"github.com/cordon-iot/cordon/ocsf"
)

// encodeOCSF writes f as ingest writes what Zeek reports: the same encoder, the
// same parts.
func encodeOCSF(f *fact) ([]byte, error) {
	info := f.class.info()
	e := ocsf.Event{
		ActivityID: info.activity, CategoryUID: info.uid / 1000, ClassUID: info.uid, TypeUID: ocsf.TypeOf(info.uid, info.activity),
		SeverityID: 1, Time: f.at, Device: ocsfDevice(f), Metadata: ocsfMetadata(f),
		Unmapped: ocsf.Unmapped{ocsf.String("cordon_auth", "none"), ocsf.String("firmware_hash", f.device.hash)},
	}
	if info.uid >= 3000 && info.uid < 5000 {
		ocsfNetwork(&e, f)
	}
	ocsfDetails(&e, f)
	return e.AppendJSON(nil), nil
}

func ocsfDevice(f *fact) *ocsf.Device {
	d := f.device
	return &ocsf.Device{
		UID: d.id, Name: d.name, IP: d.ip, MAC: d.mac, IsManaged: ocsf.Some(true), Model: d.model, VendorName: d.vendor,
		OS: &ocsf.OS{Name: "firmware", TypeID: 99, Version: d.version}, Region: "north", Type: d.kind, TypeID: 7, Zone: d.zone,
	}
}

func ocsfMetadata(f *fact) *ocsf.Metadata {
	return &ocsf.Metadata{
		LogName: f.class.info().name, LogProvider: fmt.Sprintf("s-%02d", f.number%12), LoggedTime: f.at + 40,
		Product: &ocsf.Product{Name: "Zeek", VendorName: "Zeek"}, UID: fmt.Sprintf("7e63e008-331a-8d36-8da7-%012x", f.number), Version: ocsf.Version,
	}
}

// ocsfNetwork adds the connection, of those classes that may have one.
func ocsfNetwork(e *ocsf.Event, f *fact) {
	e.SrcEndpoint = &ocsf.NetworkEndpoint{IP: f.src.ip, Port: ocsf.Some(f.src.port), UID: f.device.id, Zone: f.device.zone}
	e.DstEndpoint = &ocsf.NetworkEndpoint{IP: f.dst.ip, Port: ocsf.Some(f.dst.port)}
	if f.class == auth {
		return
	}
	number := map[string]int{"tcp": 6, "udp": 17}[f.proto]
	e.ConnectionInfo = &ocsf.NetworkConnectionInfo{
		BoundaryID: 3, CommunityUID: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", DirectionID: f.direction, FlagHistory: "ShADadfF", ProtocolName: f.proto,
		ProtocolNum: ocsf.Some(number), ProtocolVerID: 4, UID: fmt.Sprintf("C%x", f.number),
	}
	e.StatusID, e.Duration = 1, ocsf.Some(int64(f.duration))
	e.Traffic = trafficOf(f.bytesIn, f.bytesOut, f.packetsIn, f.packetsOut)
	if f.class == telemetry {
		e.Traffic, e.Duration = trafficOf(f.temp, f.snr, f.battery, f.load), ocsf.Some(int64(f.uptime))
	}
}

func trafficOf(bytesIn, bytesOut, packetsIn, packetsOut int) *ocsf.NetworkTraffic {
	n := func(v int) ocsf.Opt[int64] { return ocsf.Some(int64(v)) }
	return &ocsf.NetworkTraffic{
		Bytes: n(bytesIn + bytesOut), BytesIn: n(bytesIn), BytesOut: n(bytesOut),
		Packets: n(packetsIn + packetsOut), PacketsIn: n(packetsIn), PacketsOut: n(packetsOut),
	}
}

// ocsfDetails adds what only events of f's class say.
func ocsfDetails(e *ocsf.Event, f *fact) {
	switch f.class {
	case telemetry:
		e.AppName, e.AppProtocolName = "mqtt", "mqtt"
		e.Unmapped = append(e.Unmapped, ocsf.String("mqtt_type", "publish"), ocsf.String("mqtt_topic", "site/"+f.device.id), ocsf.String("mqtt_qos", "at least once"), ocsf.Bool("mqtt_from_client", true))
	case flow:
		e.AppName, e.AppProtocolName = "ssl", "ssl"
		e.Unmapped = append(e.Unmapped, ocsf.Bool("conn_local_orig", true), ocsf.Bool("conn_local_resp", false), ocsf.String("conn_state", "SF"))
	case dns:
		e.Query, e.RcodeID = &ocsf.DNSQuery{Hostname: f.query, Type: f.qtype, Class: "IN"}, ocsf.Some(f.rcode)
		e.Unmapped = append(e.Unmapped, ocsf.Float("dns_rtt", f.rtt), ocsf.Bool("dns_rd", true), ocsf.Bool("dns_ra", true))
	case auth:
		e.User, e.AuthProtocolID, e.AuthProtocol = &ocsf.User{Name: f.user}, 99, f.method
		e.Status, e.StatusID = result(f), map[bool]int{false: 1, true: 2}[f.failed]
	case http:
		e.HTTPRequest = &ocsf.HTTPRequest{HTTPMethod: f.verb, UserAgent: f.agent, Version: "1.1", URL: &ocsf.URL{Hostname: f.host, Path: f.path, Port: ocsf.Some(f.dst.port)}}
		e.HTTPResponse = &ocsf.HTTPResponse{Code: f.status, BodyLength: ocsf.Some(f.bytesIn), Status: "OK"}
	case ssh:
		e.Unmapped = append(e.Unmapped, ocsf.String("ssh_client", f.client), ocsf.String("ssh_server", "OpenSSH_9.6"))
	case process:
		e.Actor = &ocsf.Actor{User: &ocsf.User{Name: f.account}}
		e.Process = &ocsf.Process{Name: f.program, CmdLine: f.command, PID: ocsf.Some(f.pid), User: &ocsf.User{Name: f.account}}
	case config:
		e.Device.RiskScore = ocsf.Some(f.level)
		e.Unmapped = append(e.Unmapped, ocsf.String("config_setting", f.setting))
	case peripheral:
		e.Actor = &ocsf.Actor{User: &ocsf.User{Name: f.account}}
		e.PeripheralDevice = &ocsf.PeripheralDevice{Name: "stick", Class: "storage", VendorName: "vendor"}
	}
}

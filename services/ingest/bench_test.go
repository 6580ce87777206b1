package ingest

import (
	"context"
	"strconv"
	"testing"

	"github.com/cordon-iot/cordon"
)

// benchmark applies the step of a format to one record again and again. Its
// device is in an inventory of a thousand.
func benchmark(b *testing.B, format string, in cordon.Record) {
	s := newTestStep(b, format, fleet(1000)...)
	in.Key, in.Time = "s-1", logTime
	in.Position.Topic = s.topic
	b.SetBytes(int64(len(in.Value)))
	b.ReportAllocs()
	for b.Loop() {
		in.Position.Offset++
		outs, err := s.Apply(context.Background(), in)
		if err != nil || len(outs) != 1 {
			b.Fatalf("Apply = %d outputs, %v", len(outs), err)
		}
	}
}

func fleet(n int) []cordon.Device {
	ds := make([]cordon.Device, n)
	for i := range ds {
		ds[i] = cordon.Device{
			ID: cordon.DeviceID("cam-" + string(rune('a'+i%26)) + string(rune('a'+i/26))), Name: "camera", Type: "camera",
			Vendor: "Acme", Model: "M1", Firmware: "2.1.0", Zone: "cctv", Managed: true,
			Addresses: []string{"192.168." + strconv.Itoa(i>>8) + "." + strconv.Itoa(i&255)},
		}
	}
	return ds
}

func BenchmarkZeekConnJSON(b *testing.B) {
	benchmark(b, "zeek", cordon.Record{Value: []byte(`{"ts":1772409600.091194,"uid":"Cf4db61efb64ef9935","id.orig_h":"192.168.1.195","id.orig_p":41040,"id.resp_h":"67.207.2.216","id.resp_p":80,"proto":"tcp","service":"http","duration":3.139211,"orig_bytes":149,"resp_bytes":128252,"conn_state":"SF","missed_bytes":0,"history":"ShADadfF","orig_pkts":94,"orig_ip_bytes":5525,"resp_pkts":96,"resp_ip_bytes":139044,"_path":"conn","_sensor":"s-04","_write_ts":1772409603.230405}`)})
}

func BenchmarkZeekConnTSV(b *testing.B) {
	benchmark(b, "zeek", cordon.Record{
		Headers: []cordon.Header{{Key: "zeek-header", Value: "#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents"}},
		Value:   []byte("1772409600.091194\tCf4db61efb64ef9935\t192.168.1.195\t41040\t67.207.2.216\t80\ttcp\thttp\t3.139211\t149\t128252\tSF\t-\t-\t0\tShADadfF\t94\t5525\t96\t139044\t-"),
	})
}

func BenchmarkZeekDNSJSON(b *testing.B) {
	benchmark(b, "zeek", cordon.Record{Value: []byte(`{"_path":"dns","_write_ts":"2026-03-02T17:15:20.866586Z","ts":"2026-03-02T17:15:20.865716Z","uid":"CqKst53mF3det3eDV9","id.orig_h":"192.168.1.100","id.orig_p":41772,"id.resp_h":"192.168.0.1","id.resp_p":53,"proto":"udp","trans_id":36329,"rtt":0.00087,"query":"time.example.org","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["ntp.example.org","203.0.113.16"],"TTLs":[2230.0,41830.0],"rejected":false}`)})
}

func BenchmarkEVEAlert(b *testing.B) {
	benchmark(b, "eve", cordon.Record{Value: []byte(`{"timestamp":"2026-03-02T11:01:38.221126-0600","flow_id":1959620435402694,"event_type":"alert","src_ip":"198.51.100.46","src_port":4904,"dest_ip":"192.168.0.2","dest_port":22,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":2},"flow":{"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":66,"bytes_toclient":0,"start":"2026-03-02T11:01:38.221126-0600"}}`)})
}

func BenchmarkOCSF(b *testing.B) {
	benchmark(b, "ocsf", cordon.Record{Value: []byte(`{"activity_id":6,"category_uid":4,"class_uid":4001,"connection_info":{"direction_id":2,"protocol_name":"tcp"},"device":{"type_id":7,"uid":"cam-aa","ip":"192.168.0.0"},"dst_endpoint":{"ip":"31.71.189.207","port":443},"metadata":{"product":{"name":"agent","vendor_name":"Acme"},"version":"1.8.0"},"severity_id":1,"src_endpoint":{"ip":"192.168.0.0","port":41123},"status_id":1,"time":1772409600000,"traffic":{"bytes_in":48,"bytes_out":48},"type_uid":400106}`)})
}

package scan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fastjson"
)

// wanted are paths that the policies of this repository read.
func wanted() [][]string {
	var all [][]string
	for _, p := range strings.Fields(`activity_id class_uid device.model device.os.version device.uid
		dst_endpoint.ip dst_endpoint.port duration finding_info.title is_alert metadata.product.name
		query.hostname rcode_id severity_id src_endpoint.ip src_endpoint.zone status_id time
		tls.certificate.is_self_signed traffic.bytes traffic.packets_in traffic.packets_out
		unmapped.modbus_function_code unmapped.tls_validation_status user.name`) {
		all = append(all, strings.Split(p, "."))
	}
	return all
}

type object = map[string]any

// event is an OCSF event, as ingest writes it, of about 685 bytes.
func event(r *rand.Rand) []byte {
	n := r.IntN(5000)
	zone := []string{"cctv", "office", "plant", "building-automation"}[n%4]
	product := []string{"Zeek", "Suricata", "Gateway"}[r.IntN(3)]
	at := 1_767_225_600_000 + r.Int64N(1e10)
	e := object{
		"activity_id": 1 + r.IntN(6), "severity_id": 1 + r.IntN(5), "time": at,
		"device": object{
			"hostname": fmt.Sprintf("cam-%04d.example", n), "ip": address(r), "is_managed": n%3 > 0, "model": "EO-200",
			"os":  object{"name": "EO firmware", "type_id": 200, "version": fmt.Sprintf("2.%d.%d", r.IntN(12), r.IntN(200))},
			"uid": fmt.Sprintf("cam-%04d", n), "vendor_name": "Example Optics", "zone": zone,
		},
		"metadata": object{
			"logged_time": at + r.Int64N(5000), "product": object{"name": product, "vendor_name": product},
			"profiles": []string{"host"}, "uid": fmt.Sprintf("ev-%d", r.Uint32()), "version": "1.8.0",
		},
	}
	switch k := r.IntN(10); {
	case k < 5:
		flow(r, e)
	case k < 7:
		lookup(r, e)
	case k < 8:
		logon(r, e)
	default:
		modbus(r, e)
	}
	e["category_uid"] = e["class_uid"].(int) / 1000
	e["type_uid"] = e["class_uid"].(int)*100 + e["activity_id"].(int)
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return body
}

func address(r *rand.Rand) string {
	return fmt.Sprintf("10.%d.%d.%d", r.IntN(8), r.IntN(256), r.IntN(256))
}

func ends(r *rand.Rand, e object, port int) {
	e["src_endpoint"] = object{"ip": address(r), "port": 1024 + r.IntN(60000), "zone": "office"}
	e["dst_endpoint"] = object{"ip": address(r), "port": port}
}

func flow(r *rand.Rand, e object) {
	ends(r, e, []int{22, 80, 443, 8883, 554}[r.IntN(5)])
	e["class_uid"], e["duration"] = 4001, r.IntN(100_000)
	e["connection_info"] = object{"direction_id": 1, "protocol_name": "tcp", "protocol_num": 6}
	e["traffic"] = object{"bytes": r.IntN(1e6), "bytes_in": r.IntN(1e6), "packets_in": r.IntN(1e3), "packets_out": r.IntN(1e3)}
}

func lookup(r *rand.Rand, e object) {
	ends(r, e, 53)
	e["class_uid"], e["rcode_id"] = 4003, r.IntN(4)
	e["query"] = object{"hostname": fmt.Sprintf("h%d.cloud%d.example", r.IntN(1e6), r.IntN(20)), "type": "A"}
	e["answers"] = []object{{"rdata": address(r), "ttl": r.IntN(3600)}, {"rdata": address(r), "ttl": r.IntN(3600)}}
}

func logon(r *rand.Rand, e object) {
	ends(r, e, 22)
	e["class_uid"], e["status_id"] = 3002, 1+r.IntN(2)
	e["user"] = object{"name": fmt.Sprintf("user%d", r.IntN(50)), "type_id": 1}
	e["is_alert"], e["message"] = r.IntN(9) == 0, "a password was tried that the device did not take"
}

func modbus(r *rand.Rand, e object) {
	ends(r, e, 502)
	e["class_uid"], e["app_name"] = 4001, "modbus"
	e["unmapped"] = object{"modbus_function_code": 1 + r.IntN(43), "modbus_pdu_type": "request", "modbus_unit": r.IntN(255)}
	e["tls"] = object{"certificate": object{"is_self_signed": r.IntN(2) == 0, "subject": "CN=plc.example"}, "version": "1.3"}
}

func events(n int) (all [][]byte, mean int) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		all = append(all, event(r))
		mean += len(all[len(all)-1])
	}
	return all, mean / n
}

// BenchmarkScan compares the scanner with a parser that makes a tree of the
// same events. The two take turns, a batch at a time, and the ratio is that of
// the batches in the middle: it holds on a busy machine too.
func BenchmarkScan(b *testing.B) {
	p := Compile(wanted())
	slots := make([]Slot, p.Len())
	for _, trust := range []bool{true, false} {
		b.Run(fmt.Sprintf("trust=%t", trust), func(b *testing.B) {
			race(b, func(body []byte) bool { return p.Scan(body, slots, trust) })
		})
	}
}

func race(b *testing.B, scan func([]byte) bool) {
	const batch = 64
	all, mean := events(16 * batch)
	var parser fastjson.Parser
	var ratios []float64
	var scanned, parsed time.Duration
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		part := all[i*batch%len(all):][:batch]
		var took [2]time.Duration
		for turn := range 2 {
			which := (i + turn) % 2
			start := time.Now()
			for _, body := range part {
				if which == 0 && !scan(body) {
					b.Fatalf("Scan(%s) = false; want true", body)
				}
				if which == 1 {
					if _, err := parser.ParseBytes(body); err != nil {
						b.Fatal(err)
					}
				}
			}
			took[which] = time.Since(start)
		}
		scanned, parsed = scanned+took[0], parsed+took[1]
		ratios = append(ratios, float64(took[0])/float64(took[1]))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(float64(scanned.Nanoseconds())/float64(len(ratios)*batch), "ns/scan")
	b.ReportMetric(float64(parsed.Nanoseconds())/float64(len(ratios)*batch), "ns/parse")
	b.ReportMetric(float64(mean), "B/event")
}

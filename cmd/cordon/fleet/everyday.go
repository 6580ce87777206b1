package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// habit is something that every device of a zone does a number of times per
// hour.
type habit struct {
	perHour float64
	do      func(s *scribe, at time.Time, d device)
}

func habits(zone string) []habit {
	all := []habit{{1, lookup}, {0.5, clock}}
	switch zone {
	case "cctv":
		return append(all, habit{6, talkTLS(recorder, 443, "recorder.site.example", 900_000, 4_000)})
	case "hvac":
		return append(all, habit{6, talk(mqttBroker, 1883, "mqtt", 600, 300)}, habit{3, talk(hvacServer, 8080, "http", 900, 2_000)})
	case "badge":
		return append(all, habit{6, talkTLS(doorServer, 8443, "doors.site.example", 700, 900)}, habit{0.5, reportFirmware})
	case "plc":
		return append(all, habit{10, polled("READ_HOLDING_REGISTERS")}, habit{1, polled("WRITE_SINGLE_REGISTER")})
	}
	return append(all, habit{10, browse})
}

// everyday is what devices do when nothing is wrong.
func (f Fleet) everyday(p Plan) []Event {
	var out []Event
	for _, d := range f.devices {
		s := &scribe{sensor: d.sensor, mac: d.mac, rng: f.rng("everyday", d.id, fmt.Sprint(p.Round))}
		for _, h := range habits(d.zone.name) {
			s.keep(p, d, h)
		}
		out = append(out, s.events...)
	}
	return out
}

// keep spreads h over the span: evenly, with a random phase and some jitter.
func (s *scribe) keep(p Plan, d device, h habit) {
	gap := time.Duration(float64(time.Hour) / h.perHour)
	for at := jitter(s.rng, gap); at < p.Span; at += gap/2 + jitter(s.rng, gap) {
		h.do(s, p.Start.Add(at), d)
	}
}

func jitter(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// around is n, up to a quarter more or less.
func around(r *rand.Rand, n int64) int64 { return n*3/4 + r.Int64N(n/2+1) }

func talk(server string, port int, service string, out, in int64) func(*scribe, time.Time, device) {
	return func(s *scribe, at time.Time, d device) {
		s.flow(at, flow{
			from: d.addr, to: server, port: port, service: service, state: "SF",
			lasts: 50*time.Millisecond + jitter(s.rng, 2*time.Second),
			out:   around(s.rng, out), in: around(s.rng, in),
		})
	}
}

func talkTLS(server string, port int, name string, out, in int64) func(*scribe, time.Time, device) {
	open := talk(server, port, "ssl", out, in)
	return func(s *scribe, at time.Time, d device) {
		open(s, at, d)
		if s.rng.IntN(4) > 0 {
			return // the session is resumed without a handshake worth a record
		}
		fl := flow{from: d.addr, to: server, port: port}
		s.log(at, ssl{
			header: s.header("ssl", at, at, fl), Version: "TLSv13", Cipher: "TLS_AES_128_GCM_SHA256",
			ServerName: name, Established: true, Validation: "ok",
		})
	}
}

func lookup(s *scribe, at time.Time, d device) {
	names := []string{"time.site.example", "update." + d.zone.name + ".example", "status." + d.zone.name + ".example"}
	fl := flow{from: d.addr, to: dnsServer, port: 53}
	s.log(at, dns{
		header: s.header("dns", at, at, fl), Proto: "udp", ID: s.rng.IntN(65536), RTT: 0.001 * float64(1+s.rng.IntN(20)),
		Query: names[s.rng.IntN(len(names))], Class: 1, Type: 1, TypeIs: "A", CodeIs: "NOERROR",
		RD: true, RA: true, Answers: []string{"198.51.100.10"}, TTLs: []float64{300},
	})
}

func clock(s *scribe, at time.Time, d device) {
	s.flow(at, flow{from: d.addr, to: ntpServer, port: 123, proto: "udp", service: "ntp", state: "SF",
		lasts: 4 * time.Millisecond, out: 48, in: 48})
}

// browse is what visitors' devices do: a few sites outside, over TLS.
func browse(s *scribe, at time.Time, d device) {
	site := s.rng.IntN(12)
	talkTLS(fmt.Sprintf("198.51.100.%d", 20+site), 443, fmt.Sprintf("site%d.example", site), 3_000, 90_000)(s, at, d)
}

// polled is the operator's station speaking Modbus to a controller.
func polled(function string) func(*scribe, time.Time, device) {
	return func(s *scribe, at time.Time, d device) {
		station := scribe{sensor: s.sensor, rng: s.rng}
		station.modbus(at, operator, d.addr, function)
		s.events = append(s.events, station.events...)
	}
}

func (s *scribe) modbus(at time.Time, from, to, function string) {
	fl := flow{from: from, to: to, port: 502, service: "modbus", state: "SF", lasts: 30 * time.Millisecond, out: 12, in: 29}
	h := s.flow(at, fl)
	h.Path, h.Written = "modbus", seconds(at)
	s.log(at, modbus{header: h, TID: s.rng.IntN(65536), Unit: 1, Function: function, PDU: "REQ"})
}

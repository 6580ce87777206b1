package fleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// play is how one attack goes.
type play struct {
	name  string
	zone  string  // of the device it happens to
	from  float64 // when it begins, as a part of the span
	text  string
	stage func(s *scribe, at time.Time, span time.Duration, d device, f Fleet)
}

func plays() []play {
	return []play{
		{"beacon", "badge", 0.02, "calls a stranger's host at regular intervals", beacon},
		{"telnet", "cctv", 0.06, "turns into a telnet scanner, as Mirai does", telnet},
		{"portscan", "guest", 0.18, "sweeps the camera network for open ports", portScan},
		{"modbus", "hvac", 0.30, "writes to controllers that are not its own", strangerWrites},
		{"bruteforce", "hvac", 0.42, "guesses passwords on the jump host over SSH", bruteForce},
		{"firmware", "badge", 0.54, "reports firmware that is not the one it should run", wrongFirmware},
		{"flood", "cctv", 0.66, "floods a host outside", flood},
		{"zone", "plc", 0.78, "reaches into the badge network", wrongZone},
		{"certificate", "hvac", 0.86, "is shown an expired certificate and goes on", expiredCertificate},
	}
}

type staged struct {
	Attack
	events []Event
}

// attacks stages every play of p on a device of its own.
func (f Fleet) attacks(p Plan) []staged {
	var out []staged
	var used []string
	for _, pl := range plays() {
		rng := f.rng("attack", pl.name, fmt.Sprint(p.Round))
		d := pick(rng, f.inZone(pl.zone), used)
		used = append(used, d.id)
		s := &scribe{sensor: d.sensor, mac: d.mac, attack: pl.name, rng: rng}
		at := p.Start.Add(time.Duration(pl.from * float64(p.Span))).Truncate(time.Millisecond)
		pl.stage(s, at, p.Span, d, f)
		out = append(out, staged{Attack{pl.name, d.id, pl.text, at}, s.events})
	}
	return out
}

// pick draws a device that no attack has hit yet, or any if all were.
func pick(rng *rand.Rand, from []device, used []string) device {
	fresh := slices.DeleteFunc(slices.Clone(from), func(d device) bool { return slices.Contains(used, d.id) })
	if len(fresh) == 0 {
		fresh = from
	}
	return fresh[rng.IntN(len(fresh))]
}

// beacon: small equal exchanges at equal intervals over most of the span.
func beacon(s *scribe, at time.Time, span time.Duration, d device, _ Fleet) {
	every := span / 75
	for i := range 60 {
		skew := time.Duration(s.rng.Int64N(int64(every / 50)))
		s.flow(at.Add(time.Duration(i)*every+skew), flow{
			from: d.addr, to: "203.0.113.66", port: 8443, service: "ssl", state: "SF",
			lasts: 210 * time.Millisecond, out: 412, in: 198,
		})
	}
}

// telnet: SYNs to random hosts outside on the telnet ports, few answered.
func telnet(s *scribe, at time.Time, _ time.Duration, d device, _ Fleet) {
	for range 240 {
		at = at.Add(100*time.Millisecond + jitter(s.rng, 200*time.Millisecond))
		fl := flow{from: d.addr, to: outside(s.rng), port: 23, state: "S0"}
		if s.rng.IntN(10) == 0 {
			fl.port = 2323
		}
		if s.rng.IntN(25) == 0 {
			fl.state, fl.service, fl.lasts, fl.out, fl.in = "SF", "telnet", 900*time.Millisecond, 96, 312
		}
		s.flow(at, fl)
	}
}

// portScan: every camera's web and stream port, one after the other.
func portScan(s *scribe, at time.Time, _ time.Duration, d device, f Fleet) {
	cams := f.inZone("cctv")
	for i := range 200 {
		at = at.Add(50*time.Millisecond + jitter(s.rng, 100*time.Millisecond))
		port := []int{80, 554, 8000, 8080}[i/50]
		s.flow(at, flow{from: d.addr, to: cams[i*7%len(cams)].addr, port: port, state: "REJ", lasts: time.Millisecond})
	}
}

// strangerWrites: Modbus writes from a device that is not the operator's.
func strangerWrites(s *scribe, at time.Time, _ time.Duration, d device, f Fleet) {
	plcs := f.inZone("plc")
	for i := range 12 {
		at = at.Add(2*time.Second + jitter(s.rng, time.Second))
		s.modbus(at, d.addr, plcs[i%min(3, len(plcs))].addr, "WRITE_MULTIPLE_REGISTERS")
	}
}

// bruteForce: short SSH sessions, each with a few refused passwords.
func bruteForce(s *scribe, at time.Time, _ time.Duration, d device, _ Fleet) {
	for range 60 {
		at = at.Add(time.Second + jitter(s.rng, 500*time.Millisecond))
		fl := flow{from: d.addr, to: jumpHost, port: 22, service: "ssh", state: "SF", lasts: 800 * time.Millisecond, out: 1900, in: 2400}
		h := s.flow(at, fl)
		end := at.Add(fl.lasts)
		h.Path, h.Written = "ssh", seconds(end)
		s.log(end, ssh{
			header: h, Version: 2, Attempts: 3, Direction: "OUTBOUND", Client: "SSH-2.0-libssh_0.9.6",
			Server: "SSH-2.0-OpenSSH_9.7", HASSH: "51cba57125523ce4b9db67714a90bf6e",
		})
	}
}

func wrongFirmware(s *scribe, at time.Time, _ time.Duration, d device, _ Fleet) {
	s.runs(at, d, d.zone.model.firmware+"-r1")
}

// flood: very many short datagram flows with full packets to one host.
func flood(s *scribe, at time.Time, _ time.Duration, d device, _ Fleet) {
	for range 1500 {
		at = at.Add(10*time.Millisecond + jitter(s.rng, 20*time.Millisecond))
		s.flow(at, flow{
			from: d.addr, to: "203.0.113.9", port: 80, proto: "udp", state: "S0",
			lasts: 20 * time.Millisecond, out: 420_000, outPackets: 300,
		})
	}
}

// wrongZone: a controller opens connections to badge readers.
func wrongZone(s *scribe, at time.Time, _ time.Duration, d device, f Fleet) {
	badges := f.inZone("badge")
	for i := range 8 {
		at = at.Add(3 * time.Second)
		s.flow(at, flow{from: d.addr, to: badges[i%len(badges)].addr, port: 443, service: "ssl", state: "SF",
			lasts: 300 * time.Millisecond, out: 900, in: 1200})
	}
}

func expiredCertificate(s *scribe, at time.Time, _ time.Duration, d device, _ Fleet) {
	fl := flow{from: d.addr, to: "198.51.100.90", port: 443, service: "ssl", state: "SF", lasts: time.Second, out: 1500, in: 5200}
	h := s.flow(at, fl)
	h.Path, h.Written = "ssl", seconds(at)
	s.log(at, ssl{
		header: h, Version: "TLSv12", Cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ServerName: "update.hvac.example",
		Established: true, Validation: "certificate has expired",
	})
}

// outside draws an address of the documentation networks.
func outside(r *rand.Rand) string {
	return fmt.Sprintf("%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[r.IntN(3)], 1+r.IntN(254))
}

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// gen draws all that is random, from one seed.
type gen struct{ *rand.Rand }

func newGen(seed uint64) *gen {
	return &gen{rand.New(rand.NewPCG(seed, 0x636f72646f6e))} //nolint:gosec // the same figures every time is the point
}

func (g *gen) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g *gen) hex(n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%x", g.IntN(16))
	}
	return b.String()
}

type endpoint struct {
	ip   string
	port int
}

// fact is what happened, before anybody puts it into a form.
type fact struct {
	class                 class
	number                int
	at                    int64 // ms since 1970
	device                device
	src, dst              endpoint
	proto                 string
	direction             int // 2: outbound
	bytesIn, bytesOut     int
	packetsIn, packetsOut int
	duration              int // ms

	temp, battery, load, snr, uptime int // telemetry; temp in tenths
	query, qtype                     string
	rcode                            int
	rtt                              float64
	user, method                     string
	failed                           bool
	verb, host, path, agent          string
	status                           int
	program, command, account        string
	pid                              int
	setting                          string
	level                            int
	client                           string // SSH
}

// began is the time of the first event, 2026-03-01.
const began = 1_772_323_200_000

// fact draws everyday life on s: nothing of it is what rules look for, but much
// is part of that.
func (g *gen) fact(s *site, number int) fact {
	f := fact{class: g.class(), number: number, at: began + int64(number), device: s.devices[g.IntN(len(s.devices))]}
	f.src = endpoint{f.device.ip, 32768 + g.IntN(28000)}
	f.traffic(g)
	f.temp, f.battery, f.load, f.snr, f.uptime = 150+g.IntN(300), 20+g.IntN(81), g.IntN(95), 12+g.IntN(40), 100_000+g.IntN(400_000)
	f.query = g.pick("api", "time", "fw", "mqtt", "cdn") + fmt.Sprintf("-%d.", g.IntN(60)) + g.pick("example.org", "example.net", "vendor.example", "site.example")
	f.qtype, f.rtt = g.pick("A", "A", "A", "AAAA", "AAAA", "PTR", "TXT"), float64(1+g.IntN(200))/1000
	if g.IntN(12) == 0 {
		f.rcode = 3
	}
	f.user, f.method, f.failed = fmt.Sprintf("%s-%02d", g.pick("operator", "backup", "svc"), g.IntN(40)), g.pick("password", "password", "publickey"), g.IntN(5) == 0
	f.verb, f.status = g.pick("GET", "GET", "GET", "POST"), []int{200, 200, 200, 304, 404}[g.IntN(5)]
	f.host, f.agent = fmt.Sprintf("fw-%d.example.org", g.IntN(9)), fmt.Sprintf("unit/%d.%d", 1+g.IntN(4), g.IntN(10))
	f.path = "/" + g.pick("update", "status", "metrics", "cgi-bin/info", "login") + fmt.Sprintf("/v%d", g.IntN(5))
	f.program, f.account, f.pid = g.pick("sh", "busybox", "updater", "crond", "ntpd"), g.pick("root", "daemon"), 100+g.IntN(30000)
	f.command = "/usr/bin/" + f.program + " --run " + g.hex(6)
	f.setting, f.level = fmt.Sprintf("setting.%d", g.IntN(50)), g.IntN(100)
	f.client = g.pick("OpenSSH_9.6", "dropbear_2022.83", "libssh-0.10.6")
	return f
}

func (f *fact) traffic(g *gen) {
	f.proto, f.direction = "tcp", 1+g.IntN(2)
	f.dst = endpoint{"", []int{443, 443, 443, 80, 8883, 22, 554, 502, 102}[g.IntN(9)]}
	switch {
	case f.class == telemetry:
		f.dst.port, f.direction = 8883, 2
	case g.IntN(2) == 0:
		f.proto, f.dst.port = "udp", []int{53, 123, 161, 5353, 47808}[g.IntN(5)]
	}
	f.dst.ip = fmt.Sprintf("10.%d.0.%d", g.IntN(8), 1+g.IntN(200))
	if f.direction == 2 {
		f.dst.ip = fmt.Sprintf("%s.%d.%d", g.pick("185.220", "93.184", "198.51", "203.0"), g.IntN(250), 1+g.IntN(250))
	}
	f.bytesIn, f.bytesOut = 100+g.IntN(20_000), 100+g.IntN(9_000)
	f.packetsIn, f.packetsOut = 1+f.bytesIn/700, 1+f.bytesOut/500
	f.duration = 5 + g.IntN(90_000)
}

func (g *gen) class() class {
	n := g.IntN(1000)
	for c, info := range classes() {
		if n -= info.perMille; n < 0 {
			return class(c)
		}
	}
	return telemetry
}

package main

import (
	"fmt"
	"slices"
)

// template draws a rule of one kind. What a rule looks for does not come in
// everyday life, but parts of it do: a rule is often half true.
type template func(*gen, *site) rule

func templates() []template {
	return slices.Concat(flowTemplates(), telemetryTemplates(), nameTemplates(), accessTemplates())
}

// port is one that nobody uses every day.
func (g *gen) port() int { return 10_000 + g.IntN(20_000) }

func (g *gen) device(s *site) device { return s.devices[g.IntN(len(s.devices))] }

func flowTemplates() []template {
	return []template{
		func(g *gen, _ *site) rule {
			p := g.port()
			return rule{class: flow, shown: []string{"{device.id}", "{dst.ip}", "{dst.port}"}, lines: []string{
				`{proto} == "tcp"`, fmt.Sprintf("{dst.port} in {%d, %d, %d}", p, g.port(), g.port()), "not data.lib.addr.private({dst.ip})",
			}, fire: func(f *fact) { f.proto, f.dst = "tcp", endpoint{"203.0.113.9", p} }}
		},
		func(g *gen, _ *site) rule {
			a, b, n := g.IntN(200), g.IntN(250), 1000+g.IntN(7000)
			return rule{class: flow, shown: []string{"{src.ip}", "{dst.ip}", "{bytes_out}"}, lines: []string{
				fmt.Sprintf("{bytes_out} > %d", n), fmt.Sprintf(`net.cidr_contains("185.%d.%d.0/24", {dst.ip})`, a, b),
			}, fire: func(f *fact) { f.bytesOut, f.dst.ip = n+1, fmt.Sprintf("185.%d.%d.7", a, b) }}
		},
		func(g *gen, s *site) rule {
			d, p := g.device(s), g.port()
			return rule{class: flow, shown: []string{"{device.id}", "{dst.port}"}, lines: []string{
				fmt.Sprintf("{device.type} == %q", d.kind), "{direction} == 2", fmt.Sprintf("{dst.port} == %d", p),
			}, fire: func(f *fact) { f.device, f.direction, f.dst.port = d, 2, p }}
		},
		func(g *gen, _ *site) rule {
			long, few, many := 200_000+g.IntN(800_000), 1000+g.IntN(5000), 200+g.IntN(800)
			return rule{class: flow, shown: []string{"{device.id}", "{duration}"}, lines: []string{
				`{proto} == "udp"`, fmt.Sprintf("{duration} > %d", long), fmt.Sprintf("{bytes_in} < %d", few), fmt.Sprintf("{packets_out} >= %d", many),
			}, fire: func(f *fact) { f.proto, f.duration, f.bytesIn, f.packetsOut = "udp", long+1, few-1, many }}
		},
		func(g *gen, s *site) rule {
			d, p := g.device(s), g.port()
			return rule{class: flow, shown: []string{"{device.id}", "{dst.ip}", "{dst.port}"}, lines: []string{
				fmt.Sprintf("data.site.inventory[{device.id}].vlan == %d", d.vlan), fmt.Sprintf("{dst.port} == %d", p),
			}, fire: func(f *fact) { f.device, f.dst.port = d, p }}
		},
	}
}

func telemetryTemplates() []template {
	return []template{
		func(g *gen, s *site) rule {
			d, hot, low := g.device(s), 700+g.IntN(9000), 30+g.IntN(70)
			return rule{class: telemetry, shown: []string{"{device.id}", "{temp}", "{battery}"}, lines: []string{
				fmt.Sprintf("{device.model} == %q", d.model), fmt.Sprintf("{temp} > %d", hot), fmt.Sprintf("{battery} < %d", low),
			}, fire: func(f *fact) { f.device, f.temp, f.battery = d, hot+1, low-1 }}
		},
		func(g *gen, s *site) rule {
			d, load, up := g.device(s), 96+g.IntN(4), 60+g.IntN(3600)
			return rule{class: telemetry, shown: []string{"{device.id}", "{load}", "{uptime}"}, lines: []string{
				fmt.Sprintf("{device.vendor} == %q", d.vendor), fmt.Sprintf("{load} >= %d", load), fmt.Sprintf("{uptime} <= %d", up),
				fmt.Sprintf("{device.zone} in {%q, %q}", d.zone, g.device(s).zone),
			}, fire: func(f *fact) { f.device, f.load, f.uptime = d, load, up }}
		},
		func(g *gen, s *site) rule {
			d, weak := g.device(s), 1+g.IntN(11)
			old := fmt.Sprintf("1.%d.", g.IntN(1000))
			return rule{class: telemetry, shown: []string{"{device.id}", "{version}"}, lines: []string{
				fmt.Sprintf("{snr} < %d", weak), fmt.Sprintf("startswith({version}, %q)", old),
				fmt.Sprintf("{device.type} in {%q, %q, %q}", d.kind, g.device(s).kind, g.device(s).kind),
			}, fire: func(f *fact) { f.device, f.device.version, f.snr = d, old+"4", weak-1 }}
		},
		func(g *gen, s *site) rule {
			d := g.device(s)
			return rule{class: telemetry, shown: []string{"{device.id}", "{device.model}"}, lines: []string{
				fmt.Sprintf("{device.model} == %q", d.model), fmt.Sprintf("data.site.inventory[{device.id}].vlan == %d", d.vlan),
				"not {hash} in data.site.firmware[{device.model}]",
			}, fire: func(f *fact) { f.device, f.device.hash = d, "0bad" }}
		},
		func(g *gen, s *site) rule {
			d := g.device(s)
			return rule{class: telemetry, shown: []string{"{device.id}", "{device.mac}"}, lines: []string{
				fmt.Sprintf("{device.model} == %q", d.model), fmt.Sprintf("data.site.inventory[{device.id}].owner == %q", d.owner),
				"data.site.inventory[{device.id}].mac != {device.mac}", fmt.Sprintf("{device.zone} == %q", d.zone),
			}, fire: func(f *fact) { f.device, f.device.mac = d, "02:00:00:00:00:01" }}
		},
	}
}

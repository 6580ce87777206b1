package main

import "fmt"

// nameTemplates look at names and paths: in DNS, HTTP and SSH.
func nameTemplates() []template {
	return []template{
		func(g *gen, _ *site) rule {
			zone := ".z" + g.hex(5) + ".example"
			return rule{class: dns, shown: []string{"{device.id}", "{query}"}, lines: []string{
				`{qtype} in {"TXT", "NULL", "ANY"}`, fmt.Sprintf("endswith({query}, %q)", zone),
			}, fire: func(f *fact) { f.qtype, f.query = "TXT", "a"+zone }}
		},
		func(g *gen, _ *site) rule {
			part, slow := "x"+g.hex(4)+"-", 0.01*float64(1+g.IntN(18))
			return rule{class: dns, shown: []string{"{device.id}", "{query}", "{rtt}"}, lines: []string{
				"{rcode} == 3", fmt.Sprintf("contains({query}, %q)", part), fmt.Sprintf("{rtt} > %.2f", slow),
			}, fire: func(f *fact) { f.rcode, f.query, f.rtt = 3, "www."+part+"1.example", slow+0.5 }}
		},
		func(g *gen, _ *site) rule {
			start, n := g.hex(4), 60+g.IntN(100)
			return rule{class: dns, shown: []string{"{device.id}", "{qtype}"}, lines: []string{
				fmt.Sprintf("count({query}) > %d", n), fmt.Sprintf("startswith({query}, %q)", start), `{qtype} != "PTR"`,
			}, fire: func(f *fact) { f.qtype, f.query = "A", start+fmt.Sprintf("%0*d", n, 1) }}
		},
		func(g *gen, _ *site) rule {
			script := g.hex(4)
			return rule{class: http, shown: []string{"{device.id}", "{path}", "{status}"}, lines: []string{
				`{verb} == "POST"`, fmt.Sprintf("regex.match(`^/cgi-bin/[a-z]{2,8}_%s\\.(sh|cgi)$`, {path})", script), "{status} == 200",
			}, fire: func(f *fact) { f.verb, f.path, f.status = "POST", "/cgi-bin/run_"+script+".sh", 200 }}
		},
		func(g *gen, _ *site) rule {
			bot := "bot-" + g.hex(4) + "/"
			return rule{class: http, shown: []string{"{device.id}", "{agent}", "{host}"}, lines: []string{
				fmt.Sprintf("startswith({agent}, %q)", bot), `not endswith({host}, ".example.org")`,
			}, fire: func(f *fact) { f.agent, f.host = bot+"1", "198.51.100.9" }}
		},
		func(g *gen, s *site) rule {
			d, client := g.device(s), fmt.Sprintf("libssh-0.%d.", 11+g.IntN(2000))
			return rule{class: ssh, shown: []string{"{device.id}", "{client}", "{src.ip}"}, lines: []string{
				fmt.Sprintf("startswith({client}, %q)", client), fmt.Sprintf("{device.zone} == %q", d.zone),
			}, fire: func(f *fact) { f.device, f.client = d, client+"1" }}
		},
	}
}

// accessTemplates look at logons, programs and settings.
func accessTemplates() []template {
	return []template{
		func(g *gen, _ *site) rule {
			user := "svc-" + g.hex(4)
			return rule{class: auth, shown: []string{"{user}", "{device.id}", "{src.ip}"}, lines: []string{
				fmt.Sprintf("{user} in {%q, %q}", user, "svc-"+g.hex(4)), `{result} == "failure"`, "not {src.ip} in data.site.admins",
			}, fire: func(f *fact) { f.user, f.failed, f.src.ip = user, true, "10.9.9.9" }}
		},
		func(g *gen, _ *site) rule {
			user, a := "root"+g.hex(2), g.IntN(250)
			return rule{class: auth, shown: []string{"{user}", "{src.ip}"}, lines: []string{
				fmt.Sprintf("lower({user}) == %q", user), `{method} == "password"`, fmt.Sprintf(`net.cidr_contains("203.0.%d.0/24", {src.ip})`, a),
			}, fire: func(f *fact) { f.user, f.method, f.src.ip = "R"+user[1:], "password", fmt.Sprintf("203.0.%d.3", a) }}
		},
		func(g *gen, _ *site) rule {
			from := fmt.Sprintf("http://198.18.%d.%d/", g.IntN(250), g.IntN(250))
			return rule{class: process, shown: []string{"{device.id}", "{command}"}, lines: []string{
				`{program} in {"sh", "busybox", "wget"}`, fmt.Sprintf("contains({command}, %q)", from), `{account} == "root"`,
			}, fire: func(f *fact) { f.program, f.account, f.command = "sh", "root", "wget -q "+from+"x" }}
		},
		func(g *gen, s *site) rule {
			d, n := g.device(s), g.IntN(90)
			setting := fmt.Sprintf("setting.%d.%s", g.IntN(50), g.hex(3))
			return rule{class: config, shown: []string{"{device.id}", "{setting}", "{level}"}, lines: []string{
				fmt.Sprintf("{setting} == %q", setting), fmt.Sprintf("{level} > %d", n), fmt.Sprintf("{device.vendor} == %q", d.vendor),
			}, fire: func(f *fact) { f.device, f.setting, f.level = d, setting, n+1 }}
		},
	}
}

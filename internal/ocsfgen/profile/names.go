package profile

import (
	"strings"
	"unicode"
)

// GoName is the Go name of an OCSF name: src_endpoint -> SrcEndpoint.
func GoName(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		b.WriteString(word(part))
	}
	return b.String()
}

func word(part string) string {
	switch part {
	case "bios", "cpe", "dhcp", "dns", "http", "hw", "id", "ip", "isp", "ja3", "ja3s", "ja4", "kb", "mac", "mfa", "os",
		"osint", "pid", "ram", "sbom", "sni", "ssh", "tcp", "tlp", "tls", "ttl", "uid", "url", "uuid", "vlan", "vpc", "vpn":
		return strings.ToUpper(part)
	case "ids":
		return "IDs"
	case "ips":
		return "IPs"
	case "sans":
		return "SANs"
	case "":
		return ""
	}
	return strings.ToUpper(part[:1]) + part[1:]
}

// Constant is the Go name of a value of an enumeration.
func (e *Enum) Constant(value int) string {
	if name := e.Names[value]; name != "" {
		return e.Go + name
	}
	return e.Go + camel(e.Values[value])
}

// camel joins the words of a caption, without what Go does not allow.
func camel(caption string) string {
	var b strings.Builder
	upper := true
	for _, r := range caption {
		switch {
		case unicode.IsLetter(r) && upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			upper = true
		}
	}
	return b.String()
}

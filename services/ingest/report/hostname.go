package report

import "strings"

// Hostname is s as OCSF takes a host name: control characters, which no host
// name has and which tunnels put into lookups, become \xHH.
func Hostname(s string) string {
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	const hex = "0123456789abcdef"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if c := s[i]; control(rune(c)) {
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

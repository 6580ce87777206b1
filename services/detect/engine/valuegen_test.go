package engine

import (
	"fmt"
	"strconv"
)

// field is a path below input.
func (g gen) field() string {
	return g.pick("n", "n", "m", "s", "s", "t", "b", "ip", "k", "list", "o", "o.s", "o.n", "o.p.q", "gone", "gone.too", "device.uid", "device.type", "s.x")
}

func (g gen) classUID() string {
	return g.pick("4001", "4001", "4003", "4007", "4014", "3002", "1007", "1010", "5001", "5019", "4.001e3")
}

// number is one that is hard to compare, or near others.
func (g gen) number() string {
	switch g.IntN(10) {
	case 0, 1:
		return strconv.Itoa(g.IntN(40))
	case 2:
		return strconv.Itoa(g.IntN(70000))
	case 3, 4:
		return fmt.Sprintf("%d%s", g.IntN(12), g.pick(".0", ".5", ".25", "e0", "e1", "e-1", "E2", ".10"))
	case 5, 6: // of 15 digits and more, which are near each other as doubles
		return g.pick("123456789012345", "123456789012346", "1234567890123456", "1234567890123457", "12345678901234567", "12345678901234568",
			"12345678901234567890", "12345678901234567891", "9007199254740992", "9007199254740993", "9007199254740992.0", "9007199254740993.5")
	case 7:
		return g.pick("0.1", "0.10", "0.30000000000000004", "0.3", "10.299999999999999", "10.3", "1e-1", "3.0e-1")
	case 8:
		return g.pick("1e400", "-1e400", "1e-400", "1e308", "5e-324", "1.7976931348623157e308", "1e20", "100000000000000000000")
	}
	return g.pick("0", "-0", "-1", "-3", "-0.0", "1", "1.0", "2", "10", "1e1", "100", "1e2")
}

// word is what stands between quotes, in JSON as in Rego.
func (g gen) word() string {
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("host-%d", g.IntN(60))
	case 1:
		return g.pick("host-", "host", "h", "host-1.example", "10.0.0.1", "10.", "1", "10", "1.0", "true", "null")
	case 2: // names of fields, of devices and of what stands in the site's facts
		return g.pick("s", "n", "o", "q", "k", "a", "ab", "dev-1", "dev-2", "camera", "cam", "plc", "devices", "low")
	case 3:
		return g.pick("é", "éa", "aé", "日本", "日", "e", "É", "ß")
	case 4:
		return g.pick(`a\"b`, `a\\b`, `a\nb`, `\"`, `\\`, `\ta`)
	}
	return g.pick("", "a", "ab", "abc", "abd", "b", "A", "AB", "Ab", "ba", " a")
}

func (g gen) constant() string {
	switch g.IntN(12) {
	case 0, 1, 2, 3:
		return g.number()
	case 4, 5, 6, 7:
		return `"` + g.word() + `"`
	case 8:
		return g.pick("true", "false", "null")
	case 9:
		return g.pick(`"10.0.0.1"`, `"192.168.0.1"`, `"2001:db8::1"`)
	case 10:
		return g.pick("[]", "[1]", `["a", 1]`, "{}", `{"s": "a"}`)
	}
	return g.pick("1", "2", `"a"`, `"ab"`, "true")
}

package ocsf

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
)

// mismatch reports a value of another type than want, or no value at all.
func (d *Decoder) mismatch(want string) {
	switch c := d.peek(); {
	case strings.IndexByte(`{["tfn-0123456789`, c) >= 0 && c != 0:
		d.fail(CodeType, d.pos, "want "+want)
	default:
		d.unexpected("a value")
	}
}

func (d *Decoder) string() string {
	if d.peek() != '"' {
		d.mismatch("a string")
		return ""
	}
	return d.str()
}

func (d *Decoder) strings(list []string) []string { return d.each(list, (*Decoder).string) }

func (d *Decoder) ips(list []string) []string { return d.each(list, (*Decoder).ip) }

func (d *Decoder) each(list []string, read func(*Decoder) string) []string {
	if !d.enterArray() {
		return list
	}
	for d.element() {
		list = append(list, read(d))
	}
	d.close()
	return list
}

// number reads a JSON number of either kind.
func (d *Decoder) number(want string) number {
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		d.mismatch(want)
		return number{}
	}
	return d.num()
}

func (d *Decoder) long() int64 {
	start := d.pos
	n := d.number("an integer")
	if d.err == nil && !n.whole {
		d.fail(CodeType, start, "want an integer")
	}
	return n.int
}

func (d *Decoder) integer() int { return int(d.long()) }

func (d *Decoder) float() float64 {
	n := d.number("a number")
	if n.whole {
		return float64(n.int)
	}
	return n.float
}

func (d *Decoder) bool() bool {
	switch d.peek() {
	case 't':
		return d.literal("true")
	case 'f':
		d.literal("false")
		return false
	}
	d.mismatch("true or false")
	return false
}

// lastTime is the end of the year 9999 in milliseconds: what tables can hold.
const lastTime = 253402300799999

func (d *Decoder) timestamp() int64 {
	return d.within(0, lastTime, "want milliseconds since 1970, up to the year 9999")
}

func (d *Decoder) port() int { return int(d.within(0, 65535, "want a port of 0 to 65535")) }

func (d *Decoder) within(low, high int64, want string) int64 {
	d.peek()
	start := d.pos
	v := d.long()
	if d.err == nil && (v < low || v > high) {
		d.fail(CodeFormat, start, want)
	}
	return v
}

// enum reads a number of the enumeration e.
func (d *Decoder) enum(e enum) int {
	d.peek()
	start := d.pos
	v := d.integer()
	if d.err == nil && !e.has(v) {
		d.fail(CodeEnum, start, strconv.Itoa(v)+" is no value of "+e.name())
	}
	return v
}

func (d *Decoder) enums(list []int, e enum) []int {
	if !d.enterArray() {
		return list
	}
	for d.element() {
		list = append(list, d.enum(e))
	}
	d.close()
	return list
}

// exactly reads a number that the class decides.
func (d *Decoder) exactly(want int) int {
	d.peek()
	start := d.pos
	v := d.integer()
	if d.err == nil && v != want {
		d.fail(CodeEnum, start, "want "+strconv.Itoa(want)+" for this class")
	}
	return v
}

// json reads any value and keeps its canonical encoding.
func (d *Decoder) json() json.RawMessage {
	n := len(d.values)
	d.values = d.canonical(d.values)
	return json.RawMessage(d.values[n:len(d.values):len(d.values)])
}

// ip reads an address and brings it into its one shortest form; an IPv4 address
// in IPv6 clothes becomes what it is.
func (d *Decoder) ip() string {
	start := d.pos
	s := d.string()
	if d.err != nil || isIPv4(s) {
		return s
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		d.fail(CodeFormat, start, "want an IPv4 or IPv6 address")
		return ""
	}
	return d.keep(s, a.Unmap().AppendTo(d.text))
}

// keep returns the end of text, where a form of s was appended; s if equal.
func (d *Decoder) keep(s string, text []byte) string {
	n := len(d.text)
	form := text[n:]
	if string(form) == s {
		d.text = text[:n]
		return s
	}
	d.text = text
	return alias(form)
}

// isIPv4 says whether s is dotted decimal without leading zeros.
func isIPv4(s string) bool {
	parts, value, size := 1, 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			if size == 0 {
				return false
			}
			parts, value, size = parts+1, 0, 0
			continue
		}
		value = value*10 + int(c) - '0'
		if c < '0' || c > '9' || value > 255 || size > 0 && value < 10 {
			return false
		}
		size++
	}
	return parts == 4 && size > 0
}

// mac reads a hardware address and brings it into the form aa:bb:cc:dd:ee:ff.
func (d *Decoder) mac() string {
	start := d.pos
	s := d.string()
	if d.err != nil {
		return s
	}
	if !isMAC(s) {
		d.fail(CodeFormat, start, "want six bytes as aa:bb:cc:dd:ee:ff")
		return ""
	}
	text := d.text
	for i := range len(s) {
		c := s[i]
		if c == '-' {
			c = ':'
		}
		text = append(text, c|0x20) // small letters; digits and colon have the bit set already
	}
	return d.keep(s, text)
}

// isMAC takes colons and dashes, as OCSF does.
func isMAC(s string) bool {
	for i := 0; i < len(s); i++ {
		if separator := s[i] == ':' || s[i] == '-'; separator != (i%3 == 2) || !separator && hexDigit(s[i]) < 0 {
			return false
		}
	}
	return len(s) == 17
}

func (d *Decoder) subnet() string {
	start := d.pos
	s := d.string()
	if d.err != nil {
		return s
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		d.fail(CodeFormat, start, "want a network as 10.0.0.0/8")
		return ""
	}
	return d.keep(s, p.AppendTo(d.text))
}

// hostname takes any name without control characters: DNS names in the wild
// hold spaces, underscores and more.
func (d *Decoder) hostname() string {
	start := d.pos
	s := d.string()
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			d.fail(CodeFormat, start, "has a control character")
			return ""
		}
	}
	return s
}

func (d *Decoder) uuid() string {
	start := d.pos
	s := d.string()
	if d.err == nil && !isUUID(s) {
		d.fail(CodeFormat, start, "want a UUID")
	}
	return s
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && hexDigit(s[i]) < 0 {
			return false
		}
	}
	return true
}

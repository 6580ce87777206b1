package inventory

// MAC is a 48-bit hardware address. The zero value is "not known".
type MAC [6]byte

const hexDigits = "0123456789abcdef"

// ParseMAC reads six octets in hexadecimal, separated by colons or hyphens
// (IEEE 802), and whether s is that. It allocates nothing, unlike
// net.ParseMAC, because it runs for every record.
func ParseMAC(s string) (MAC, bool) {
	var m MAC
	if len(s) != 17 {
		return MAC{}, false
	}
	for i := range m {
		hi, ok := nibble(s[3*i])
		lo, ok2 := nibble(s[3*i+1])
		if !ok || !ok2 || i < 5 && s[3*i+2] != ':' && s[3*i+2] != '-' {
			return MAC{}, false
		}
		m[i] = hi<<4 | lo
	}
	return m, true
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// String is m in lower case with colons, the form that events carry.
func (m MAC) String() string {
	var b [17]byte
	for i, o := range m {
		b[3*i] = hexDigits[o>>4]
		b[3*i+1] = hexDigits[o&0x0f]
		if i < 5 {
			b[3*i+2] = ':'
		}
	}
	return string(b[:])
}

// Unicast reports whether m can be the address of one device: it is known and
// the group bit is clear.
func (m MAC) Unicast() bool { return m != MAC{} && m[0]&1 == 0 }

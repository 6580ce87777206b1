package scan

import "math"

const (
	maxDigits = 15      // decimals of so many digits and their doubles map one to one, in order
	maxWhole  = 1 << 53 // so do whole numbers up to here
	maxPower  = 22      // powers of ten up to here are doubles
)

// Float returns the number that raw, the text of a JSON number, says, and
// whether equality with and order among such numbers is that of their doubles:
// a whole number up to 2^53, or at most 15 significant digits with a small
// exponent. Zero is never negative. Without exact f says nothing.
func Float(raw []byte) (f float64, exact bool) {
	var n uint64
	for i, c := range raw {
		if c -= '0'; c > 9 || i == maxDigits || i == 1 && n == 0 {
			return float(raw)
		}
		n = n*10 + uint64(c)
	}
	return float64(n), len(raw) > 0
}

// decimal is a number that is read: digits times ten to the power.
type decimal struct {
	digits uint64
	count  int // of digits without zeros before them
	power  int
}

// float is Float of any text.
func float(raw []byte) (float64, bool) {
	rest := raw
	negative := len(rest) > 0 && rest[0] == '-'
	if negative {
		rest = rest[1:]
	}
	var d decimal
	whole := rest
	if rest = d.read(rest); len(rest) == len(whole) || whole[0] == '0' && len(whole)-len(rest) > 1 {
		return 0, false
	}
	if len(rest) > 0 && rest[0] == '.' {
		part := rest[1:]
		if rest = d.read(part); len(rest) == len(part) {
			return 0, false
		}
		d.power = len(rest) - len(part)
	}
	if !d.exponent(rest) {
		return 0, false
	}
	f, exact := d.float()
	if negative && f != 0 {
		f = -f
	}
	return f, exact
}

// read adds the digits that b begins with and returns what is behind them.
func (d *decimal) read(b []byte) []byte {
	for i, c := range b {
		if c -= '0'; c > 9 {
			return b[i:]
		}
		if d.count > 0 || c > 0 {
			d.count++
		}
		d.digits = d.digits*10 + uint64(c) // wraps only where count says too many
	}
	return nil
}

// exponent adds that of b, which is all that is left, and reports whether it is
// one that can be exact.
func (d *decimal) exponent(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if b[0]|0x20 != 'e' {
		return false
	}
	b = b[1:]
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	var e decimal
	if rest := e.read(b); len(b) == 0 || len(rest) > 0 || e.count > 3 {
		return false
	}
	d.power += sign * int(e.digits)
	return true
}

// float rounds d once, so that it is the double nearest to it (Clinger: How to
// Read Floating Point Numbers Accurately, 1990).
func (d *decimal) float() (float64, bool) {
	switch {
	case d.count == 0:
		return 0, true
	case d.count > maxDigits+1 || d.count > maxDigits && (d.power != 0 || d.digits > maxWhole):
		return 0, false
	case d.power < -maxPower || d.power > maxPower:
		return 0, false
	case d.power < 0:
		return float64(d.digits) / math.Pow10(-d.power), true
	}
	return float64(d.digits) * math.Pow10(d.power), true
}

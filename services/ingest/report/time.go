package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Micros is a time or a span in microseconds, the resolution of sensors. As a
// time it counts from 1970 UTC.
type Micros int64

// Millis is m in OCSF's resolution, rounded down, also before 1970.
func (m Micros) Millis() int64 {
	ms := int64(m) / 1000
	if m%1000 < 0 {
		ms--
	}
	return ms
}

// Time is m as a time.
func (m Micros) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// Seconds is m as a span.
func (m Micros) Seconds() float64 { return float64(m) / 1e6 }

// Times that are taken: what is outside is a broken clock or a wrong unit.
// 9999 is the last year that RFC 3339 can write.
const (
	earliest Micros = 0
	latest   Micros = 253402300799_999999
)

// Plausible reports whether m can be when something happened.
func (m Micros) Plausible() bool { return m > earliest && m <= latest }

// maxSeconds keeps a number of seconds within Micros.
const maxSeconds = 1 << 42

// SecondsOf is s seconds, rounded to the microsecond, so that the decimal
// number 0.000870 of one writer and 0.0008699893951416016 of another are the
// same span.
func SecondsOf(s float64) (Micros, bool) {
	if math.IsNaN(s) || math.Abs(s) > maxSeconds {
		return 0, false
	}
	return Micros(math.Round(s * 1e6)), true
}

// ParseSeconds reads a decimal number of seconds without rounding when it has
// up to six decimal places.
func ParseSeconds(s string) (Micros, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	us, ok := micros(frac)
	if err != nil || !ok || whole[0] == '-' || whole[0] == '+' || sec > maxSeconds {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, false
		}
		return SecondsOf(f)
	}
	return Micros(sec*1e6) + us, true
}

// micros reads the digits after the point; more than six are not exact here.
func micros(frac string) (Micros, bool) {
	if len(frac) > 6 {
		return 0, false
	}
	var n Micros
	for i := range 6 {
		n *= 10
		if i >= len(frac) {
			continue
		}
		if frac[i] < '0' || frac[i] > '9' {
			return 0, false
		}
		n += Micros(frac[i] - '0')
	}
	return n, true
}

// ParseTime reads a time of RFC 3339, or one with a zone as "+0100", which
// Suricata writes.
func ParseTime(s string) (Micros, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.999999999-0700", s); err != nil {
			return 0, false
		}
	}
	return Micros(t.UnixMicro()), true
}

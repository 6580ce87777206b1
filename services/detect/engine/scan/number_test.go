package scan

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestFloat(t *testing.T) {
	for _, c := range []struct {
		raw   string
		want  float64
		exact bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"0.0", 0, true}, {"0e5", 0, true}, {"7", 7, true}, {"-12", -12, true},
		{"4001", 4001, true}, {"1767225600000", 1767225600000, true}, {"999999999999999", 999999999999999, true},
		{"1767225600000123", 1767225600000123, true}, {"9007199254740992", 9007199254740992, true},
		{"9007199254740993", 0, false}, {"12345678901234567", 0, false}, {"123456789012345.6", 0, false},
		{"0.1", 0.1, true}, {"-1.5e3", -1500, true}, {"1E+2", 100, true}, {"25e-1", 2.5, true}, {"0.000001", 1e-6, true},
		{"1e22", 1e22, true}, {"1e23", 0, false}, {"1e-22", 1e-22, true}, {"1e-23", 0, false}, {"1e99999999999999999999", 0, false},
		{"1.00000000000000000000", 0, false}, {"18446744073709551617", 0, false},
		{"", 0, false}, {"-", 0, false}, {"01", 0, false}, {"-01", 0, false}, {"00", 0, false}, {"1.", 0, false}, {".5", 0, false},
		{"1e", 0, false}, {"1e+", 0, false}, {"+1", 0, false}, {"1x", 0, false}, {"1.5x", 0, false}, {"1e5x", 0, false}, {"true", 0, false},
	} {
		got, exact := Float([]byte(c.raw))
		if exact != c.exact || exact && got != c.want {
			t.Errorf("Float(%q) = %v, %t; want %v, %t", c.raw, got, exact, c.want, c.exact)
		}
	}
}

// number is one whose text is near that of many others.
func number(r *rand.Rand) string {
	s := fmt.Sprint(r.Int64N(1e15) >> r.IntN(48))
	if n := r.IntN(len(s) + 1); n > 0 && n < len(s) {
		s = s[:n] + "." + s[n:]
	}
	if r.IntN(3) == 0 {
		s += fmt.Sprintf("e%d", r.IntN(12)-6)
	}
	if r.IntN(4) == 0 {
		return "-" + s
	}
	return s
}

// TestFloatsCompareAsNumbers compares doubles and what they stand for, of
// numbers at random and of such that differ in the last digit.
func TestFloatsCompareAsNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	rat := func(s string) *big.Rat { x, _ := new(big.Rat).SetString(s); return x }
	for range 100_000 {
		a := number(r)
		b := []byte(a)
		if i := r.IntN(len(b)); b[i] >= '1' && b[i] < '9' {
			b[i]++
		}
		f, ok := Float([]byte(a))
		g, also := Float(b)
		if want, err := strconv.ParseFloat(a, 64); ok && (f != want || err != nil) {
			t.Fatalf("Float(%s) = %v; want %v", a, f, want)
		}
		order := 0
		if f < g {
			order = -1
		} else if f > g {
			order = 1
		}
		if want := rat(a).Cmp(rat(string(b))); ok && also && order != want {
			t.Fatalf("%s and %s compare as %d; want %d", a, b, order, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want bool
	}{
		{"", true}, {"short", true}, {"a longer one with more", true}, {"Zürich", true}, {"中文 and more of it", true},
		{`\`, false}, {`before\n`, false}, {`a longer one \" quoted`, false}, {`12345678\`, false}, {"\xff", false}, {"a longer one with \xc3", false},
		{"ü\\", false}, {"\xdc[", false},
	} {
		if got := Plain([]byte(c.raw)); got != c.want {
			t.Errorf("Plain(%q) = %t; want %t", c.raw, got, c.want)
		}
	}
}

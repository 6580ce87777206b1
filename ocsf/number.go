package ocsf

import (
	"errors"
	"math"
	"strconv"
)

// number is a JSON number: an integer if whole, else a float.
type number struct {
	whole bool
	int   int64
	float float64
}

// num reads a number whose first byte is the present one.
func (s *scanner) num() number {
	start := s.pos
	end, whole := numberEnd(s.in, start)
	if end < 0 {
		s.unexpected("a value")
		return number{}
	}
	s.pos = end
	if whole {
		if v, ok := atoi(s.in[start:end]); ok {
			return number{whole: true, int: v}
		}
		s.fail(CodeNumber, start, "is beyond 64 bits")
		return number{}
	}
	f, err := strconv.ParseFloat(alias(s.in[start:end]), 64)
	if errors.Is(err, strconv.ErrRange) || math.IsInf(f, 0) {
		s.fail(CodeNumber, start, "is too large for a float")
		return number{}
	}
	return number{float: f, whole: exact(f), int: int64(f)}
}

// exact says whether a float is a whole number that it holds exactly: 1.0 and
// 1e3 are integers to JSON Schema as well.
func exact(f float64) bool { return math.Trunc(f) == f && math.Abs(f) <= 1<<53 }

// numberEnd finds the end of a number by JSON's grammar and whether it is made
// of digits only; -1 if there is none.
func numberEnd(in []byte, pos int) (end int, whole bool) {
	if pos < len(in) && in[pos] == '-' {
		pos++
	}
	first := pos
	if pos = digits(in, pos); pos == first || pos > first+1 && in[first] == '0' {
		return -1, false
	}
	whole = true
	if pos < len(in) && in[pos] == '.' {
		from := pos + 1
		if pos = digits(in, from); pos == from {
			return -1, false
		}
		whole = false
	}
	if pos < len(in) && (in[pos] == 'e' || in[pos] == 'E') {
		from := pos + 1
		if from < len(in) && (in[from] == '+' || in[from] == '-') {
			from++
		}
		if pos = digits(in, from); pos == from {
			return -1, false
		}
		whole = false
	}
	return pos, whole
}

func digits(in []byte, pos int) int {
	for pos < len(in) && in[pos] >= '0' && in[pos] <= '9' {
		pos++
	}
	return pos
}

// atoi reads an integer of 64 bits.
func atoi(b []byte) (int64, bool) {
	if len(b) > 18 {
		v, err := strconv.ParseInt(alias(b), 10, 64)
		return v, err == nil
	}
	var v int64
	for _, c := range b {
		if c != '-' {
			v = v*10 + int64(c-'0')
		}
	}
	if b[0] == '-' {
		v = -v
	}
	return v, true
}

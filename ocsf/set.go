package ocsf

import "math/bits"

// set holds places of attributes in their object, at most 128.
type set [2]uint64

func (s set) has(i int) bool { return s[i>>6&1]&(1<<(i&63)) != 0 }

func (s *set) add(i int) { s[i>>6&1] |= 1 << (i & 63) }

// without returns the first place that is in s and not in t, or -1.
func (s set) without(t set) int {
	if w := s[0] &^ t[0]; w != 0 {
		return bits.TrailingZeros64(w)
	}
	if w := s[1] &^ t[1]; w != 0 {
		return 64 + bits.TrailingZeros64(w)
	}
	return -1
}

func (s set) empty() bool { return s[0]|s[1] == 0 }

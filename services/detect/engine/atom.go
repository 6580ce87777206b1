package engine

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// atom is a condition on one scalar of an event that is decided from its bytes,
// without a term. It is what an index is made of.
type atom struct {
	from place
	test test
	not  bool // it holds where the test does not, or where there is nothing

	set     set            // isIn
	words   []string       // hasPrefix, hasSuffix, hasPart: any of them
	op      operation      // isOrdered: the value is so to than
	than    float64        // isOrdered
	nets    []netip.Prefix // isWithin: in any of them
	pattern *regexp.Regexp // matchesPattern
	window  int            // isReading: number of the policy's window
	field   int            // isReading
}

// place is where an atom finds its value: a path, or what a table holds for
// the text at that path.
type place struct {
	path  int
	table *table // nil: the path itself
}

// table is a document below data.site that is looked up by a text of the event,
// down to the scalar at one place in each entry.
type table struct {
	entries map[string]value
}

type test uint8

const (
	isDefined test = iota // there is a value
	isTruthy              // and it is not false
	isIn
	isOrdered
	hasPrefix
	hasSuffix
	hasPart
	isWithin
	matchesPattern
	isReading // of a window; op as for isOrdered, or opBind: there is one
)

// value is a scalar as it stands in an event or a table. The kinds Array and
// Object stand for what is no scalar, Missing for nothing.
type value struct {
	kind   scan.Kind
	unsure bool // the text or number is not exactly what the bytes say
	text   string
	number float64
}

// set is a set of scalars.
type set struct {
	texts         map[string]struct{}
	numbers       map[float64]struct{}
	yes, no, null bool
	composite     bool // something in it is no scalar
}

// unknown is the kind of a value that only OPA knows.
const unknown scan.Kind = 255

// holds reports whether v is in s.
func (s *set) holds(v value) truth {
	switch v.kind {
	case scan.String:
		_, ok := s.texts[v.text]
		return sure(v, ok)
	case scan.Number:
		_, ok := s.numbers[v.number]
		return sure(v, ok)
	case scan.True:
		return decided(s.yes)
	case scan.False:
		return decided(s.no)
	case scan.Null:
		return decided(s.null)
	}
	if s.composite {
		return maybe
	}
	return no
}

func sure(v value, b bool) truth {
	if v.unsure {
		return maybe
	}
	return decided(b)
}

// of is the truth of a for v.
func (a *atom) of(v value) truth {
	t := a.plain(v)
	if a.not {
		return t.not()
	}
	return t
}

// dear reports whether a is not cheap to look at alone: a column does it for all
// its words or nets at once.
func (a *atom) dear() bool { return len(a.words) > 16 || len(a.nets) > 16 }

func (a *atom) plain(v value) truth {
	switch v.kind {
	case scan.Missing:
		return no
	case unknown:
		return maybe
	}
	switch a.test {
	case isDefined:
		return yes
	case isTruthy:
		return decided(v.kind != scan.False)
	case isIn:
		return a.set.holds(v)
	case isOrdered:
		return a.order(v)
	case isReading:
		return decided(a.op == opBind || a.op.says(v.number, a.than))
	}
	// The others are about texts. What builtins make of anything else is OPA's
	// to say.
	if v.kind != scan.String || v.unsure {
		return maybe
	}
	return a.about(v.text)
}

// order compares v as Rego does, which orders values of different types by
// their types.
func (a *atom) order(v value) truth {
	switch v.kind {
	case scan.Number:
		if v.unsure {
			return maybe
		}
		return decided(a.op.says(v.number, a.than))
	case scan.Null, scan.True, scan.False:
		return decided(a.op == opLess || a.op == opLessEqual)
	}
	return decided(a.op == opGreater || a.op == opGreaterEqual)
}

// says compares two numbers.
func (o operation) says(x, y float64) bool {
	switch o {
	case opEqual:
		return x == y
	case opNotEqual:
		return x != y
	case opLess:
		return x < y
	case opLessEqual:
		return x <= y
	case opGreater:
		return x > y
	}
	return x >= y
}

func (a *atom) about(text string) truth {
	switch a.test {
	case hasPrefix:
		return a.any(text, strings.HasPrefix)
	case hasSuffix:
		return a.any(text, strings.HasSuffix)
	case hasPart:
		return a.any(text, strings.Contains)
	case matchesPattern:
		return decided(a.pattern.MatchString(text))
	case isWithin:
		return a.within(text)
	}
	return maybe
}

func (a *atom) any(text string, is func(text, word string) bool) truth {
	for _, w := range a.words {
		if is(text, w) {
			return yes
		}
	}
	return no
}

// within reports whether text is an address in a net. Other writings than the
// plain one are OPA's to read.
func (a *atom) within(text string) truth {
	addr, ok := plainAddress(text)
	if !ok {
		return maybe
	}
	for _, n := range a.nets {
		if n.Contains(addr) {
			return yes
		}
	}
	return no
}

// plainAddress reads an address in a form that everybody reads alike.
func plainAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	return addr, err == nil && !addr.Is4In6() && addr.Zone() == ""
}

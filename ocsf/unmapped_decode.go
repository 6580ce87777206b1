package ocsf

import "strings"

// prefix of keys that nobody sends by accident: an event that has one claims to
// be what it is not, and is refused.
const prefix = "cordon_"

// decode reads the declared keys of unmapped.
func (u *Unmapped) decode(d *Decoder) {
	*u = (*u)[:0]
	m, ok := d.enter()
	if !ok {
		return
	}
	for d.next(&m) {
		u.field(d, &m)
	}
	d.leave(&m, set{}, nil)
}

func (u *Unmapped) field(d *Decoder, m *members) {
	kind := unmappedType(d.key)
	switch own := reserved(d.key) && !d.Internal; {
	case own && strings.HasPrefix(d.key, prefix):
		d.fail(CodeReserved, d.pos, "may not come from outside")
		return
	case own, kind == undeclared:
		d.drop(m)
		return
	case d.repeated(m):
		return
	case d.peek() == 'n':
		d.literal("null")
		return
	}
	*u = append(*u, Pair{d.key, d.scalar(kind)})
}

// unmappedKind is the type of a key of unmapped.
type unmappedKind uint8

const (
	undeclared unmappedKind = iota
	unmappedString
	unmappedIP
	unmappedInt
	unmappedTime
	unmappedFloat
	unmappedBool
)

func (d *Decoder) scalar(kind unmappedKind) Scalar {
	switch kind {
	case unmappedIP:
		return String("", d.ip()).Value
	case unmappedInt:
		return Int("", d.long()).Value
	case unmappedTime:
		return Int("", d.timestamp()).Value
	case unmappedFloat:
		return Float("", d.float()).Value
	case unmappedBool:
		return Bool("", d.bool()).Value
	default:
		return String("", d.string()).Value
	}
}

package ocsf

import "strings"

// reserved says whether only cordon may set a key of unmapped.
func reserved(key string) bool { return strings.HasPrefix(key, "cordon_") }

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
	d.leave(&m, set{}, set{}, nil)
}

func (u *Unmapped) field(d *Decoder, m *members) {
	kind := unmappedType(d.key)
	switch {
	case reserved(d.key) && !d.Internal:
		d.fail(CodeReserved, d.pos, "may not come from outside")
		return
	case kind == undeclared:
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

package ocsf

import (
	"slices"
	"strconv"
)

// Decoder reads events strictly: it checks syntax, limits, types, enumerations
// and requirements, and leaves out what the profile does not declare. The zero
// Decoder is ready. It keeps its memory from event to event and must not be
// used by two goroutines at once.
type Decoder struct {
	// Internal accepts the fields that only cordon sets. It is for events read
	// back from cordon's own log.
	Internal bool

	reencoder
	class    int
	declared set      // attributes of the class
	key      string   // of the present member
	foreign  []string // undeclared keys of the objects being read
	dropped  []string
	waste    []byte // encodings nobody wants
	values   []byte // encodings of json_t
	pools    pools
}

// Decode reads raw into e and returns the paths of the fields that were left
// out. The error is an *Error. What e points to belongs to d and to raw: it is
// good until the next Decode, and as long as raw is not changed.
func (d *Decoder) Decode(raw []byte, e *Event) (dropped []string, err error) {
	e.reset()
	d.pools.reset()
	d.foreign, d.dropped = d.foreign[:0], d.dropped[:0]
	d.spans, d.values = d.spans[:0], d.values[:0]
	if len(raw) > MaxEvent {
		return nil, &Error{Code: CodeSize, Detail: "longer than " + strconv.Itoa(MaxEvent) + " bytes", Offset: MaxEvent}
	}
	d.class = d.findClass(raw)
	d.declared = declared(d.class)
	d.start(raw)
	e.decode(d)
	d.end()
	d.finish(e)
	if d.err != nil {
		return nil, d.err
	}
	return d.dropped, nil
}

// findClass looks ahead for class_uid, because it decides what the rest means.
// Faults are left to the real pass; 0 is no class.
func (d *Decoder) findClass(raw []byte) int {
	d.start(raw)
	if d.peek() != '{' || !d.open() {
		return 0
	}
	for first := true; ; first = false {
		key, more := d.member(first)
		if !more {
			return 0
		}
		if c := d.peek(); key == "class_uid" && (c >= '0' && c <= '9') {
			return int(d.num().int)
		}
		d.pass()
	}
}

// finish checks what only the whole event shows.
func (d *Decoder) finish(e *Event) {
	switch want := TypeOf(d.class, e.ActivityID); {
	case d.err != nil:
	case d.declared.empty():
		d.steps[0], d.depth = step{key: "class_uid", index: -1}, 1
		d.fail(CodeClass, 0, "no class of the profile; want one of "+classList)
	case e.TypeUID != want:
		d.steps[0], d.depth = step{key: "type_uid", index: -1}, 1
		d.fail(CodeEnum, 0, "class and activity make "+strconv.FormatInt(want, 10))
	}
}

// pass goes beyond the present value without a look into it.
func (s *scanner) pass() {
	for depth := 0; s.pos < len(s.in); {
		switch s.in[s.pos] {
		case '"':
			s.passString()
		case '{', '[':
			depth++
			s.pos++
			continue
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			s.pos++
		case ',':
			if depth == 0 {
				return
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return
		}
	}
}

func (s *scanner) passString() {
	for pos := s.pos + 1; ; pos += 2 {
		pos, _ = plainEnd(s.in, pos)
		if pos >= len(s.in) || s.in[pos] != '\\' {
			s.pos = min(pos+1, len(s.in))
			return
		}
	}
}

// members is what is known of the object being read.
type members struct {
	keys   set // declared attributes met
	values set // of those, the ones that are not null
	mark   int // where its undeclared keys begin in Decoder.foreign
	begun  bool
}

// enter begins an object.
func (d *Decoder) enter() (members, bool) {
	m := members{mark: len(d.foreign)}
	if d.peek() != '{' {
		d.mismatch("an object")
		return m, false
	}
	return m, d.open()
}

// next moves to the next member and sets key.
func (d *Decoder) next(m *members) bool {
	key, more := d.member(!m.begun)
	d.key, m.begun = key, true
	return more
}

// take says whether the present member, attribute i, has a value to read.
func (d *Decoder) take(m *members, i int) bool {
	if m.keys.has(i) {
		d.duplicate(d.key)
		return false
	}
	m.keys.add(i)
	if d.peek() == 'n' {
		d.literal("null")
		return false
	}
	m.values.add(i)
	return true
}

// takeDeclared is take for an attribute that not every class has.
func (d *Decoder) takeDeclared(m *members, i int) bool {
	if !d.declared.has(i) {
		d.drop(m)
		return false
	}
	return d.take(m, i)
}

// drop goes beyond a member that the profile does not declare.
func (d *Decoder) drop(m *members) {
	if d.repeated(m) {
		return
	}
	path := pathOf(d.steps[:d.depth], false)
	d.waste = d.canonical(d.waste[:0])
	if d.err == nil && !slices.Contains(d.dropped, path) {
		d.dropped = append(d.dropped, path)
	}
}

// repeated notes the present key and says whether the object had it before.
func (d *Decoder) repeated(m *members) bool {
	if slices.Contains(d.foreign[m.mark:], d.key) {
		d.duplicate(d.key)
		return true
	}
	d.foreign = append(d.foreign, d.key)
	return false
}

// leave ends an object and checks that nothing required is missing. names is
// asked for the name of an attribute only then.
func (d *Decoder) leave(m *members, required set, names func(int) string) {
	if d.err != nil {
		return
	}
	d.foreign = d.foreign[:m.mark]
	if i := required.without(m.values); i >= 0 {
		d.steps[d.depth-1].key = names(i)
		d.fail(CodeMissing, d.pos, "is required")
		return
	}
	d.close()
}

// lacks reports an object that has none of the names it must have one of.
func (d *Decoder) lacks(names string) {
	if d.err == nil {
		d.depth-- // it is the object that is at fault
		d.fail(CodeMissing, d.pos, "needs "+names)
	}
}

// decodable is what every generated struct is.
type decodable[T any] interface {
	*T
	decode(d *Decoder)
}

// decodeObjects reads an array of objects into the memory of list.
func decodeObjects[T any, P decodable[T]](d *Decoder, list []T) []T {
	if !d.enterArray() {
		return list
	}
	for d.element() {
		list = grow(list)
		P(&list[len(list)-1]).decode(d)
	}
	d.close()
	return list
}

func (d *Decoder) enterArray() bool {
	if d.peek() != '[' {
		d.mismatch("an array")
		return false
	}
	return d.open()
}

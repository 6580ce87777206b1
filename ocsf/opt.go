package ocsf

import "encoding/json"

// Opt is a number or truth value whose zero says something: no bytes sent is
// not the same as bytes not known. The zero Opt is absent.
type Opt[T int | int64 | float64 | bool] struct {
	Value T
	Set   bool
}

// Some is v, present.
func Some[T int | int64 | float64 | bool](v T) Opt[T] { return Opt[T]{v, true} }

// Or is the value, or absent where there is none.
func (o Opt[T]) Or(absent T) T {
	if !o.Set {
		return absent
	}
	return o.Value
}

// MarshalJSON writes the bare value; omitzero leaves an absent one out.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Set {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

// UnmarshalJSON takes the bare value; null is absent.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{}
	if string(b) == "null" {
		return nil
	}
	o.Set = true
	return json.Unmarshal(b, &o.Value)
}

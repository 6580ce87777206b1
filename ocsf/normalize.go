package ocsf

// Normalizer turns events from outside into their canonical encoding. The zero
// Normalizer is ready; it keeps its memory and must not be used by two
// goroutines at once.
type Normalizer struct {
	decoder Decoder
	event   Event
}

// Normalize appends the canonical encoding of raw to dst. It returns the
// extended buffer and the paths of the fields that the profile does not declare
// and that were left out; the paths are good until the next call and may hold
// what a stranger wrote. The error is an *Error; dst comes back unchanged then.
func (n *Normalizer) Normalize(dst, raw []byte) (body []byte, dropped []string, err error) {
	dropped, err = n.decoder.Decode(raw, &n.event)
	if err != nil {
		return dst, nil, err
	}
	return n.event.AppendJSON(dst), dropped, nil
}

// Normalize is Normalizer.Normalize for a single event.
func Normalize(dst, raw []byte) (body []byte, dropped []string, err error) {
	return new(Normalizer).Normalize(dst, raw)
}

package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

// Plain reports whether raw, the text of a JSON string between the quotes, is
// what the string says: no backslash is in it, and it is UTF-8, which readers
// would mend.
func Plain(raw []byte) bool {
	var wide, escapes uint64
	rest := raw
	for ; len(rest) >= 8; rest = rest[8:] {
		w := binary.LittleEndian.Uint64(rest)
		wide |= w
		escapes |= zeros(w ^ ones*'\\')
	}
	for _, c := range rest {
		wide |= uint64(c)
		escapes |= zeros(uint64(c) ^ ones*'\\')
	}
	return escapes == 0 && (wide&highs == 0 || utf8.Valid(raw))
}

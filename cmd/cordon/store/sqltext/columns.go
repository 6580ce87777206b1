package sqltext

// PlainColumns reports whether text is a list of column names and types and
// nothing else that a column list in CREATE TABLE may hold: no defaults, no
// expressions, no way out of the parentheses around it.
func PlainColumns(text string) bool {
	tokens, ok := Tokens(text)
	if !ok || len(tokens) == 0 {
		return false
	}
	depth := 0
	for _, t := range tokens {
		switch {
		case t.Punct('('):
			depth++
		case t.Punct(')'):
			if depth--; depth < 0 {
				return false
			}
		case t.Kind == Punct && !t.Punct(',') && !t.Punct('=') && !t.Punct('-') && !t.Punct('.'):
			return false
		case depth == 0 && (t.Kind == String || expression(t)):
			return false
		}
	}
	return depth == 0
}

// expression reports whether t begins a part of a column that is no type.
func expression(t Token) bool {
	for _, w := range []string{"DEFAULT", "MATERIALIZED", "ALIAS", "EPHEMERAL", "CODEC", "TTL", "SETTINGS", "STATISTICS", "PRIMARY", "INDEX", "CONSTRAINT", "PROJECTION"} {
		if t.Is(w) {
			return true
		}
	}
	return false
}

package sqltext

import (
	"errors"
	"slices"
	"strings"
)

// ErrSeveral refuses a text with more than one statement.
var ErrSeveral = errors.New("more than one statement in a request: send them one by one")

// First returns the first keyword of a text in upper case, behind opening
// parentheses.
func First(tokens []Token) string {
	for _, t := range tokens {
		if t.Kind == Word {
			return strings.ToUpper(t.Text)
		}
		if !t.Punct('(') {
			return ""
		}
	}
	return ""
}

// Format returns the output format named by a text's FORMAT clause, or "", and
// the offset where the clause begins (else the end of the last token). Only
// what nothing but a SETTINGS clause of literals follows is taken for the
// clause: in "SELECT 1, format y, f(x)" the word is a column.
func Format(tokens []Token) (name string, cut int) {
	if n := len(tokens); n > 0 && tokens[n-1].Punct(';') {
		tokens = tokens[:n-1]
	}
	for i := len(tokens) - 2; i >= 0; i-- {
		if tokens[i].Is("FORMAT") && tokens[i+1].Kind == Word {
			if !settings(tokens[i+2:]) {
				break
			}
			return tokens[i+1].Text, tokens[i].Start
		}
	}
	if len(tokens) == 0 {
		return "", 0
	}
	return "", tokens[len(tokens)-1].End
}

// settings reports whether tokens are nothing or one clause
// SETTINGS name = literal, ...
func settings(tokens []Token) bool {
	if len(tokens) == 0 {
		return true
	}
	_, rest, ok := Settings(tokens)
	return ok && len(rest) == 0
}

// Settings reads a clause "SETTINGS name = literal, ..." and returns the names
// and the tokens behind it.
func Settings(tokens []Token) (names []string, rest []Token, ok bool) {
	if len(tokens) == 0 || !tokens[0].Is("SETTINGS") {
		return nil, tokens, false
	}
	rest = tokens[1:]
	for {
		if len(rest) < 3 || rest[0].Kind != Word || !rest[1].Punct('=') {
			return nil, tokens, false
		}
		names = append(names, rest[0].Text)
		n := literal(rest[2:])
		if n == 0 {
			return nil, tokens, false
		}
		if rest = rest[2+n:]; len(rest) == 0 || !rest[0].Punct(',') {
			return names, rest, true
		}
		rest = rest[1:]
	}
}

// literal returns how many tokens a plain number or string at the start takes.
func literal(tokens []Token) int {
	n := 0
	if len(tokens) > 0 && tokens[0].Punct('-') {
		n = 1
	}
	if len(tokens) <= n || tokens[n].Kind != Word && tokens[n].Kind != String {
		return 0
	}
	if n++; len(tokens) > n+1 && tokens[n].Punct('.') && tokens[n+1].Kind == Word {
		n += 2
	}
	return n
}

// Has reports whether the words stand next to each other at the top level.
func Has(tokens []Token, words ...string) bool {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.Punct('('):
			depth++
		case t.Punct(')'):
			depth--
		case depth == 0 && follow(tokens[i:], words):
			return true
		}
	}
	return false
}

func follow(tokens []Token, words []string) bool {
	if len(tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if !tokens[i].Is(w) {
			return false
		}
	}
	return true
}

// Replace returns text with every bare word old replaced by new, outside
// quotes and comments.
func Replace(text string, tokens []Token, old, new string) string {
	for _, t := range slices.Backward(tokens) {
		if t.Is(old) {
			text = text[:t.Start] + new + text[t.End:]
		}
	}
	return text
}

// Literal returns s as a string literal.
func Literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`).Replace(s) + "'"
}

// Name returns s as a quoted identifier.
func Name(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`", "\x00", `\0`).Replace(s) + "`"
}

package sqltext

import "strings"

// Kind is the kind of a token.
type Kind int

// The kinds. White space and comments are no tokens.
const (
	End    Kind = iota
	Word        // bare identifier, keyword or number
	Quoted      // `identifier` or "identifier"
	String      // 'literal' or $tag$literal$tag$
	Punct       // any other single byte
	Broken      // a quote or comment that is not closed
)

// Token is one token of a text with its byte range.
type Token struct {
	Kind       Kind
	Text       string
	Start, End int
}

// Is reports whether t is the given keyword, in any case.
func (t Token) Is(word string) bool {
	return t.Kind == Word && strings.EqualFold(t.Text, word)
}

// Punct reports whether t is the punctuation c.
func (t Token) Punct(c byte) bool {
	return t.Kind == Punct && t.Text[0] == c
}

// Lexer yields the tokens of a text.
type Lexer struct {
	text string
	pos  int
}

// NewLexer returns a lexer at the start of text.
func NewLexer(text string) *Lexer { return &Lexer{text: text} }

// Next returns the next token; after the last one, or after a broken one, a
// token of kind End.
func (l *Lexer) Next() Token {
	if !l.skip() {
		return l.token(Broken, len(l.text))
	}
	if l.pos >= len(l.text) {
		return Token{Kind: End, Start: len(l.text), End: len(l.text)}
	}
	switch c := l.text[l.pos]; {
	case c == '\'':
		return l.quoted(String, c)
	case c == '`' || c == '"':
		return l.quoted(Quoted, c)
	case c == '$':
		return l.heredoc()
	case isWord(c):
		return l.token(Word, l.wordEnd(l.pos))
	}
	return l.token(Punct, l.pos+1)
}

// Tokens returns all tokens of text. ok is false if a quote or comment is not
// closed.
func Tokens(text string) (tokens []Token, ok bool) {
	for l := NewLexer(text); ; {
		t := l.Next()
		switch t.Kind {
		case End:
			return tokens, true
		case Broken:
			return tokens, false
		}
		tokens = append(tokens, t)
	}
}

func (l *Lexer) token(k Kind, end int) Token {
	t := Token{Kind: k, Text: l.text[l.pos:end], Start: l.pos, End: end}
	l.pos = end
	return t
}

// skip moves over white space and comments; it reports whether every comment
// was closed.
func (l *Lexer) skip() bool {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.ContainsRune(" \t\r\n\f\v\x00", rune(rest[0])):
			l.pos++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "# "), strings.HasPrefix(rest, "#!"):
			l.pos += lineEnd(rest)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return false
			}
			l.pos += end + 4
		default:
			return true
		}
	}
	return true
}

func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

// quoted reads a quoted text in which both \x and a doubled quote escape.
func (l *Lexer) quoted(k Kind, quote byte) Token {
	for i := l.pos + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case quote:
			if i+1 < len(l.text) && l.text[i+1] == quote {
				i++
				continue
			}
			return l.token(k, i+1)
		}
	}
	return l.token(Broken, len(l.text))
}

// heredoc reads $tag$text$tag$; a dollar that opens none is punctuation.
func (l *Lexer) heredoc() Token {
	end := l.wordEnd(l.pos + 1)
	if end >= len(l.text) || l.text[end] != '$' {
		return l.token(Punct, l.pos+1)
	}
	tag := l.text[l.pos : end+1]
	closing := strings.Index(l.text[end+1:], tag)
	if closing < 0 {
		return l.token(Punct, l.pos+1)
	}
	return l.token(String, end+1+closing+len(tag))
}

func (l *Lexer) wordEnd(i int) int {
	for i < len(l.text) && isWord(l.text[i]) {
		i++
	}
	return i
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

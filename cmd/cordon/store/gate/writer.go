package gate

import (
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

// Insert judges the head of an INSERT with data. format is what the head will
// be joined with in the engine.
func (g *Gate) Insert(p Parser, role Role, head, format string) error {
	a, err := p.Classify(head + "\nFORMAT " + format)
	if err != nil {
		return err
	}
	switch {
	case a.Statements > 1:
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", sqltext.ErrSeveral)
	case a.Statements == 0 || a.Class == chdb.Unknown:
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Syntax error: the INSERT cannot be parsed: %.200s", head)
	case role == Admin:
		return nil
	case role == Reader:
		return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may only read", Reader)
	case a.Class != chdb.Write && a.Class != chdb.Control || !plainInsert(head): // with SETTINGS it is of class Control
		return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may only run INSERT INTO table (columns) SETTINGS ... with data in the request", Writer)
	}
	return nil
}

// plainInsert reports whether head is INSERT INTO [TABLE] [db.]table
// [(columns)] [SETTINGS ...], with settings that a writer may send.
func plainInsert(head string) bool {
	tokens, ok := sqltext.Tokens(head)
	if !ok || len(tokens) < 3 || !tokens[0].Is("INSERT") || !tokens[1].Is("INTO") {
		return false
	}
	rest := tokens[2:]
	if rest[0].Is("TABLE") {
		rest = rest[1:]
	}
	if rest, ok = table(rest); !ok {
		return false
	}
	if rest, ok = columns(rest); !ok {
		return false
	}
	if len(rest) == 0 {
		return true
	}
	names, rest, ok := sqltext.Settings(rest)
	return ok && len(rest) == 0 && !slices.ContainsFunc(names, func(n string) bool { return Writer.Allowed(n) != nil })
}

// table skips a table's name.
func table(tokens []sqltext.Token) ([]sqltext.Token, bool) {
	if len(tokens) == 0 || !name(tokens[0]) || tokens[0].Is("FUNCTION") {
		return nil, false
	}
	if len(tokens) > 2 && tokens[1].Punct('.') && name(tokens[2]) {
		return tokens[3:], true
	}
	return tokens[1:], true
}

// columns skips a list of plain column names in parentheses, if there is one.
func columns(tokens []sqltext.Token) ([]sqltext.Token, bool) {
	if len(tokens) == 0 || !tokens[0].Punct('(') {
		return tokens, true
	}
	for i, t := range tokens[1:] {
		if t.Punct(')') {
			return tokens[i+2:], true
		}
		if !name(t) && !t.Punct(',') && !t.Punct('.') {
			return nil, false
		}
	}
	return nil, false
}

func name(t sqltext.Token) bool { return t.Kind == sqltext.Word || t.Kind == sqltext.Quoted }

// writerQuery allows what a driver asks before it inserts: who the server is,
// whether it answers, and a table's columns. Which records of the log are rows
// may be asked as well, since a writer must know after an insert whose answer
// did not come.
func writerQuery(st Statement) error {
	if greeting(st) || columnLookup(st) || placeLookup(st) {
		return nil
	}
	return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may only insert, describe tables and read columns %s", Writer, strings.Join(placeColumns(), ", "))
}

// placeColumns say where a row came from. They hold nothing of its content but
// the day.
func placeColumns() []string {
	return []string{"topic", "kafka_partition", "kafka_offset", "day", "logged"}
}

// placeWords are all other words that a placeLookup may have.
func placeWords() []string {
	return []string{
		"SELECT", "DISTINCT", "FROM", "WHERE", "AND", "GROUP", "BY", "HAVING", "ORDER", "LIMIT", "UNION", "ALL", "AS", "OVER",
		"count", "groupBitmap", "min", "max", "toDate", "today", "leadInFrame", "last", "next", "rows",
		"engine", "database", "name", "currentDatabase", // of system.tables
	}
}

// placeLookup matches a SELECT that names no columns but placeColumns, and
// calls no functions but a few that only count and compare.
func placeLookup(st Statement) bool {
	if st.First != "SELECT" {
		return false
	}
	known := append(placeColumns(), placeWords()...)
	tokens := before(st.Tokens, st.Cut)
	for len(tokens) > 0 {
		t := tokens[0]
		word := t.Kind == sqltext.Word && strings.Trim(t.Text, "0123456789") != ""
		if t.Kind == sqltext.Quoted || t.Punct('*') || word && !slices.ContainsFunc(known, t.Is) {
			return false
		}
		tokens = tokens[1:]
		if word && t.Is("FROM") && !from(&tokens) {
			return false
		}
	}
	return true
}

// from skips what follows FROM: a table, or the parenthesis of a subquery. What
// looks like a table function is neither.
func from(tokens *[]sqltext.Token) bool {
	if len(*tokens) > 0 && (*tokens)[0].Punct('(') {
		return true
	}
	rest, ok := table(*tokens)
	*tokens = rest
	return ok && (len(rest) == 0 || !rest[0].Punct('('))
}

func greeting(st Statement) bool {
	text := strings.TrimSpace(st.SQL[:st.Cut])
	return slices.Contains([]string{"SELECT 1", "SELECT version()", "SELECT timezone()", wire.HelloQuery}, text)
}

// columnLookup matches DESCRIBE TABLE t, EXISTS TABLE t and
// SELECT * or columns FROM t LIMIT 0.
func columnLookup(st Statement) bool {
	tokens := before(st.Tokens, st.Cut)
	switch st.First {
	case "DESCRIBE", "DESC", "EXISTS":
		if tokens = tokens[1:]; len(tokens) > 0 && tokens[0].Is("TABLE") {
			tokens = tokens[1:]
		}
		rest, ok := table(tokens)
		return ok && len(rest) == 0
	case "SELECT":
		from := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return t.Is("FROM") })
		if from < 0 || slices.ContainsFunc(tokens[1:from], func(t sqltext.Token) bool { return !name(t) && !t.Punct(',') && !t.Punct('*') }) {
			return false
		}
		rest, ok := table(tokens[from+1:])
		return ok && len(rest) == 2 && rest[0].Is("LIMIT") && rest[1].Is("0")
	}
	return false
}

func before(tokens []sqltext.Token, cut int) []sqltext.Token {
	for i, t := range tokens {
		if t.Start >= cut {
			return tokens[:i]
		}
	}
	return tokens
}

package gate

import (
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
)

// Codes of the engine's table.
const (
	codeNotImplemented = 48
	codeSyntax         = 62
	codeReadonly       = 164
	codeDenied         = 497
)

// Parser is the engine's parser on one connection. Neither method runs the
// statement.
type Parser interface {
	Classify(sql string) (chdb.Analysis, error)
	Query(sql, format string, params ...chdb.Param) ([]byte, chdb.Stats, error)
}

// Gate knows the names that the engine knows, in lower case.
type Gate struct {
	tableFunctions []string
	engines        []string // of tables and databases
}

// New reads the names.
func New(p Parser) (*Gate, error) {
	functions, err := names(p, "SELECT lower(name) FROM system.table_functions")
	if err != nil {
		return nil, err
	}
	engines, err := names(p, "SELECT lower(name) FROM system.table_engines UNION ALL SELECT lower(name) FROM system.database_engines")
	if err != nil {
		return nil, err
	}
	return &Gate{tableFunctions: functions, engines: engines}, nil
}

func names(p Parser, sql string) ([]string, error) {
	out, _, err := p.Query(sql, "TSVRaw")
	return strings.Fields(string(out)), err
}

// Statement is a judged statement, ready to run.
type Statement struct {
	SQL    string // for an INSERT with data: up to the data
	Tokens []sqltext.Token
	First  string // first keyword, upper case
	Class  chdb.Class
	Format string // output format named in the text
	Cut    int    // offset in SQL where the FORMAT clause begins
}

// Query judges a text without insert data, with the values of its placeholders.
func (g *Gate) Query(p Parser, role Role, sql string, params []chdb.Param) (Statement, error) {
	st, err := read(p, sql)
	if err != nil {
		return Statement{}, err
	}
	if err := sensible(&st); err != nil {
		return Statement{}, err
	}
	switch role {
	case Admin:
		return st, g.adminQuery(p, st, params)
	case Writer:
		return st, writerQuery(st)
	case Reader:
		return st, g.readerQuery(p, st, params)
	}
	return Statement{}, chdb.Errorf(codeDenied, "ACCESS_DENIED", "Unknown role %q", role)
}

// read parses sql with the engine and with the lexer.
func read(p Parser, sql string) (Statement, error) {
	tokens, ok := sqltext.Tokens(sql)
	a, err := p.Classify(sql)
	if err != nil {
		return Statement{}, err
	}
	if a.Statements > 1 {
		return Statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", sqltext.ErrSeveral)
	}
	if !ok || a.Statements == 0 || a.Class == chdb.Unknown {
		return Statement{}, syntaxError(p, sql, tokens)
	}
	st := Statement{SQL: sql, Tokens: tokens, First: sqltext.First(tokens), Class: a.Class}
	st.Format, st.Cut = sqltext.Format(tokens)
	return st, nil
}

// syntaxError asks the engine for its words on a text that does not parse.
// EXPLAIN AST does not run it.
func syntaxError(p Parser, sql string, tokens []sqltext.Token) error {
	if len(tokens) > 0 && !slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Punct(';') || t.Is("INSERT") }) {
		if _, _, err := p.Query("EXPLAIN AST "+sql, "Null"); err != nil {
			return err
		}
	}
	return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Syntax error: the statement cannot be parsed: %.200s", sql)
}

// sensible refuses for everyone what is dangerous or without meaning here.
func sensible(st *Statement) error {
	insert := slices.ContainsFunc(st.Tokens, func(t sqltext.Token) bool { return t.Is("INSERT") })
	switch {
	case insert && (st.First == "EXPLAIN" || st.First == "WITH"):
		// Data behind such an INSERT would be read as further statements.
		return chdb.Errorf(codeNotImplemented, "NOT_IMPLEMENTED", "INSERT inside %s is not supported: begin the statement with INSERT", st.First)
	case sqltext.Has(st.Tokens, "INTO", "OUTFILE"):
		return chdb.Errorf(codeNotImplemented, "NOT_IMPLEMENTED", "INTO OUTFILE writes a file of the client and has no meaning over HTTP: store the response")
	case st.First == "KILL":
		// The victim's entry lives until its connection runs the next
		// statement, so that waiting for it would never end.
		st.SQL = sqltext.Replace(st.SQL, st.Tokens, "SYNC", "ASYNC")
	case st.First == "SYSTEM" && unsafeSystem(st.Tokens):
		return chdb.Errorf(codeNotImplemented, "NOT_IMPLEMENTED", "This SYSTEM statement is not supported by the embedded engine: stop the server with a signal")
	}
	return nil
}

func unsafeSystem(tokens []sqltext.Token) bool {
	return sqltext.Has(tokens, "SYSTEM", "SHUTDOWN") || sqltext.Has(tokens, "SYSTEM", "KILL") ||
		sqltext.Has(tokens, "RELOAD", "CONFIG") || sqltext.Has(tokens, "START", "LISTEN")
}

package gate

import (
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
)

// readerQuery allows reading statements that call nothing with reach beyond
// the tables.
func (g *Gate) readerQuery(p Parser, st Statement, params []chdb.Param) error {
	if st.Class != chdb.Read || !slices.Contains([]string{"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"}, st.First) {
		return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may only read: SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS", Reader)
	}
	if st.First == "SHOW" || st.First == "EXISTS" {
		return withoutCalls(st)
	}
	return g.functions(p, st, params)
}

// withoutCalls is for statements that EXPLAIN AST does not take: their WHERE
// may name columns but call nothing.
func withoutCalls(st Statement) error {
	if slices.ContainsFunc(st.Tokens, func(t sqltext.Token) bool { return t.Punct('(') }) {
		return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may not call functions in %s", Reader, st.First)
	}
	return nil
}

// functions refuses a statement for the functions it calls.
func (g *Gate) functions(p Parser, st Statement, params []chdb.Param) error {
	sql := st.SQL[:st.Cut]
	if st.First == "EXPLAIN" {
		sql = explained(st)
	}
	called, err := calls(p, sql, params)
	if err != nil {
		return err
	}
	for _, name := range called {
		if g.refused(strings.ToLower(name)) {
			return chdb.Errorf(codeDenied, "ACCESS_DENIED", "User %s may not call %s", Reader, name)
		}
	}
	return nil
}

// calls returns the names of the functions and table functions in the syntax
// tree of a statement without FORMAT.
func calls(p Parser, sql string, params []chdb.Param) ([]string, error) {
	tree, _, err := p.Query("EXPLAIN AST "+sql, "TSVRaw", params...)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(tree)) {
		if name, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "Function "); ok {
			name, _, _ = strings.Cut(strings.TrimRight(name, "\n"), " ")
			names = append(names, name)
		}
	}
	return names, nil
}

// explained returns the statement inside EXPLAIN [kind] [setting = value, ...].
func explained(st Statement) string {
	for _, t := range st.Tokens {
		if t.Is("SELECT") || t.Is("WITH") || t.Punct('(') {
			return st.SQL[t.Start:st.Cut]
		}
	}
	return st.SQL[:st.Cut]
}

// refused says which functions a reader may not call: those that reach files,
// the network, other processes or code, and those that only burn time.
func (g *Gate) refused(name string) bool {
	if slices.Contains(g.tableFunctions, name) {
		return !slices.Contains([]string{
			"numbers", "numbers_mt", "zeros", "zeros_mt", "generate_series", "generateseries", "values", "view", "null", "format", "dictionary",
		}, name)
	}
	for _, prefix := range []string{"sleep", "addressto", "ai", "llm"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"file", "catboostevaluate", "trap", "demangle", "executable", "showcertificate", "getclientsetting", "python", "joinget", "joingetornull",
	}, name)
}

package gate

import (
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
)

// adminQuery refuses what would make the tables a door to the machine, so that
// not even a schema change opens one for readers: a view or a function of SQL
// over file() would.
func (g *Gate) adminQuery(p Parser, st Statement, params []chdb.Param) error {
	switch st.First {
	case "CREATE", "ATTACH", "REPLACE":
		if err := g.engine(st.Tokens); err != nil {
			return err
		}
	case "SET", "USE", "SHOW", "EXISTS", "KILL", "SYSTEM", "DROP", "DETACH", "RENAME", "TRUNCATE", "OPTIMIZE", "BACKUP", "RESTORE":
		return nil // no expressions that are evaluated
	}
	sql := st.SQL[:st.Cut]
	if st.First == "EXPLAIN" {
		sql = explained(st)
	}
	called, err := calls(p, sql, params)
	if err != nil {
		return err
	}
	for _, name := range called {
		if name = strings.ToLower(name); name == "file" || name == "catboostevaluate" {
			return chdb.Errorf(codeDenied, "ACCESS_DENIED", "Function %s is not available in the embedded store", name)
		}
	}
	return nil
}

// engine refuses tables and databases whose engine reaches beyond the data
// directory: the engine's own grants cover table functions but not these. A
// column may be called engine, so only names of engines count.
func (g *Gate) engine(tokens []sqltext.Token) error {
	for i, t := range tokens {
		if !t.Is("ENGINE") || i+1 == len(tokens) {
			continue
		}
		next := tokens[i+1]
		if next.Punct('=') && i+2 < len(tokens) {
			next = tokens[i+2]
		}
		name := strings.Trim(next.Text, "`\"")
		if slices.Contains(g.engines, strings.ToLower(name)) && !local(name) {
			return chdb.Errorf(codeDenied, "ACCESS_DENIED", "Engine %s is not available in the embedded store", name)
		}
	}
	return nil
}

// local reports whether an engine keeps to the data directory.
func local(engine string) bool {
	return strings.HasSuffix(engine, "MergeTree") && !strings.HasPrefix(engine, "Replicated") && !strings.HasPrefix(engine, "Shared") ||
		slices.Contains([]string{
			"Atomic", "Memory", "Null", "Log", "TinyLog", "StripeLog", "Set", "Join", "Buffer", "Dictionary", "View", "MaterializedView", "GenerateRandom",
			"EmbeddedRocksDB", "Alias",
		}, engine)
}

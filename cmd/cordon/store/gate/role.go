package gate

// Role is what a user may do.
type Role string

// The roles.
const (
	Admin  Role = "admin"  // schema and everything else that makes sense over HTTP
	Writer Role = "writer" // INSERT into tables that exist, what a driver asks for it, and where rows came from
	Reader Role = "reader" // one reading statement at a time, without reach beyond the tables
)

// Setting is a name and a value for SET.
type Setting struct{ Name, Value string }

// Limits of the roles. A reader's statement that needs more than this is a
// report that belongs elsewhere.
const (
	readerSeconds = 60
	readerMemory  = 1 << 30
	readerRows    = 1_000_000
	readerBytes   = 256 << 20
	writerMemory  = 2 << 30
)

// Lock returns the settings that follow the client's own on every connection
// of a role. Behind a reader's, the session can change nothing any more.
func (r Role) Lock(client []Setting) []Setting {
	switch r {
	case Reader:
		return []Setting{
			{"max_execution_time", capped(client, "max_execution_time", readerSeconds)},
			{"max_memory_usage", capped(client, "max_memory_usage", readerMemory)},
			{"max_result_rows", capped(client, "max_result_rows", readerRows)},
			{"max_result_bytes", capped(client, "max_result_bytes", readerBytes)},
			{"allow_introspection_functions", "0"},
			{"readonly", "1"},
		}
	case Writer:
		return []Setting{
			{"max_memory_usage", capped(client, "max_memory_usage", writerMemory)},
			// A value in VALUES could otherwise be an expression that reads a file.
			{"input_format_values_interpret_expressions", "0"},
			{"input_format_values_deduce_templates_of_expressions", "0"},
			{"allow_ddl", "0"},
		}
	}
	return nil
}

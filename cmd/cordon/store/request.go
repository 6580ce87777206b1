package store

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

// maxStatement bounds the text of a statement; insert data behind it may have
// any length.
const maxStatement = 1 << 20

// request is what a client asks for, apart from the statement's text.
type request struct {
	user     string
	role     gate.Role
	queryID  string
	database string
	format   string // for results that name none
	params   []chdb.Param
	settings []gate.Setting
	client   int // protocol version, for the hello

	session sessionKey // zero: none
	check   bool       // the session must exist
	timeout time.Duration

	frames   string // method of compressed result frames, "" for none
	encoding string // HTTP content encoding of the result
	whole    bool   // send nothing before all is known
	get      bool   // a GET may only read
	external []external
}

// external is a table sent with the query.
type external struct{ name, format, structure string }

// reserved are URL parameters that are no settings; those that mean something
// here are read in parse.
func reserved(name string) bool {
	switch name {
	case "query", "query_id", "quota_key", "database", "default_format", "client_protocol_version", "compress", "decompress",
		"session_id", "session_timeout", "session_check", "close_session", "user", "password", "role", "wait_end_of_query", "buffer_size",
		"stacktrace", "enable_http_compression", "http_zlib_compression_level", "network_compression_method", "network_zstd_compression_level",
		"send_progress_in_http_headers", "http_write_exception_in_output_format", "http_headers_progress_interval_ms",
		"cancel_http_readonly_queries_on_client_close", "http_response_buffer_size", "add_http_cors_header", "log_comment":
		return true
	}
	return false
}

// parse reads headers and URL parameters.
func parse(r *http.Request, values url.Values, user string, role gate.Role) (*request, error) {
	q := &request{
		user: user, role: role, queryID: values.Get("query_id"), get: r.Method == http.MethodGet,
		database: first(values.Get("database"), r.Header.Get("X-ClickHouse-Database")),
		format:   first(values.Get("default_format"), r.Header.Get("X-ClickHouse-Format"), "TabSeparated"),
		whole:    truthy(values.Get("wait_end_of_query")), check: truthy(values.Get("session_check")), timeout: sessionDefault,
	}
	q.client, _ = strconv.Atoi(values.Get("client_protocol_version"))
	if truthy(values.Get("compress")) {
		q.frames = first(values.Get("network_compression_method"), "LZ4")
	}
	if truthy(values.Get("enable_http_compression")) {
		q.encoding = wire.Accepted(r.Header.Get("Accept-Encoding"))
	}
	if id := values.Get("session_id"); id != "" && role != gate.Reader {
		// A reader's connection is locked after its first statement, so that
		// a session would keep nothing for it.
		q.session = sessionKey{user, id}
	}
	if err := q.parseTimeout(values.Get("session_timeout")); err != nil {
		return nil, err
	}
	q.parseNames(values)
	return q, nil
}

func (q *request) parseTimeout(text string) error {
	if text == "" {
		return nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || time.Duration(seconds)*time.Second > sessionMost {
		return chdb.Errorf(codeBadRequest, "BAD_ARGUMENTS", "Invalid session_timeout %q: want seconds up to %d", text, int(sessionMost.Seconds()))
	}
	q.timeout = time.Duration(seconds) * time.Second
	return nil
}

// parseNames reads parameters whose names the client chose: param_x for
// placeholders, x_structure, x_types and x_format for external tables, and
// settings.
func (q *request) parseNames(values url.Values) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			q.params = append(q.params, chdb.Param{Name: param, Value: value})
			continue
		}
		if table, ok := strings.CutSuffix(name, "_structure"); ok {
			q.external = append(q.external, external{name: table, format: first(values.Get(table+"_format"), "TabSeparated"), structure: value})
			continue
		}
		if table, ok := strings.CutSuffix(name, "_format"); ok && values.Has(table+"_structure") || reserved(name) {
			continue
		}
		if name == "readonly" && q.role != gate.Admin {
			continue // the role decides
		}
		q.settings = append(q.settings, gate.Setting{Name: name, Value: value})
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func truthy(s string) bool { return s == "1" || s == "true" }

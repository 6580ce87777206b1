package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
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
	return q, q.parseNames(values)
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
func (q *request) parseNames(values url.Values) error {
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
	return nil
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

// body returns the request's body without its encodings.
func body(r *http.Request, values url.Values) (io.Reader, error) {
	in, err := wire.Decode(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, chdb.Errorf(codeBadRequest, "BAD_ARGUMENTS", "Request body: %v", err)
	}
	if truthy(values.Get("decompress")) {
		in = wire.NewFrameReader(in)
	}
	return in, nil
}

// statement is a text and, for an INSERT, its data.
type statement struct {
	sql    string
	insert sqltext.Insert
	isData bool // an INSERT whose rows are in data
	data   io.Reader
}

// readStatement joins the query parameter and the body as the protocol wants:
// with an INSERT in the parameter, the body is data; else both are the text,
// which ends where an INSERT's inline data begins.
func readStatement(query string, in io.Reader) (statement, error) {
	if query != "" {
		ins, ok, err := sqltext.SplitInsert(query)
		if err != nil {
			return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
		}
		if ok && !ins.Select {
			return insertOf(query, ins, io.MultiReader(strings.NewReader(query[ins.Data:]), in)), nil
		}
		query += "\n"
	}
	head, err := io.ReadAll(io.LimitReader(in, maxStatement))
	if err != nil {
		return statement{}, readError(err)
	}
	text := query + string(head)
	ins, ok, err := sqltext.SplitInsert(text)
	if err != nil {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
	}
	if ok && ins.Format != "" {
		return insertOf(text, ins, io.MultiReader(strings.NewReader(text[ins.Data:]), in)), nil
	}
	if len(head) == maxStatement {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Statement longer than %d bytes; %v", maxStatement, sqltext.ErrIncomplete)
	}
	if ok && !ins.Select {
		return statement{}, chdb.Errorf(codeNoData, "NO_DATA_TO_INSERT", "No data to insert")
	}
	if strings.TrimSpace(text) == "" {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Empty query: send a statement in the body or in the URL parameter query")
	}
	return statement{sql: strings.TrimRight(text, "\n")}, nil
}

func insertOf(text string, ins sqltext.Insert, data io.Reader) statement {
	ins.Head = strings.TrimSpace(ins.Head)
	if ins.Format == "" {
		ins.Format = "Values"
	}
	if strings.EqualFold(ins.Format, "Values") {
		data = sqltext.NewValuesReader(data)
	}
	return statement{sql: ins.Head, insert: ins, isData: true, data: data}
}

// readError says that a body did not arrive whole.
func readError(err error) error {
	var refused *chdb.Error
	if errors.As(err, &refused) {
		return err
	}
	if errors.Is(err, sqltext.ErrSeveral) {
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
	}
	return chdb.Errorf(codeReadAll, "CANNOT_READ_ALL_DATA", "The body ended early, nothing was stored, send it again: %v", err)
}

// readExternal stores the tables of a multipart body in temporary tables of
// the connection and returns the other fields.
func readExternal(conn *chdb.Conn, r *http.Request, tables []external) (url.Values, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, readError(err)
	}
	fields := url.Values{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, readError(err)
		}
		i := slices.IndexFunc(tables, func(t external) bool { return t.name == part.FormName() })
		if i >= 0 {
			if err := storeExternal(conn, tables[i], part); err != nil {
				return nil, err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxStatement+1))
		if err != nil || len(text) > maxStatement {
			return nil, readError(fmt.Errorf("form field %s of more than %d bytes: %w", part.FormName(), maxStatement, err))
		}
		fields.Set(part.FormName(), string(bytes.TrimRight(text, "\r\n")))
	}
}

func storeExternal(conn *chdb.Conn, t external, data io.Reader) error {
	if !sqltext.PlainColumns(t.structure) {
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Structure of external table %s: want names and types only, separated by commas", t.name)
	}
	name := sqltext.Name(t.name)
	if err := conn.Exec("CREATE TEMPORARY TABLE " + name + " (" + t.structure + ") ENGINE=Memory"); err != nil {
		return err
	}
	_, err := insert(conn, "INSERT INTO "+name, t.format, data, nil)
	return err
}

// insert passes data to the engine as it comes. Only the clean end of the data
// commits.
func insert(conn *chdb.Conn, head, format string, data io.Reader, params []chdb.Param) (chdb.Stats, error) {
	ins, err := conn.Insert(head, format, params...)
	if err != nil {
		return chdb.Stats{}, err
	}
	defer ins.Close()
	buf := make([]byte, 256<<10)
	for {
		n, rerr := data.Read(buf)
		if _, err := ins.Write(buf[:n]); err != nil {
			return chdb.Stats{}, err
		}
		if rerr == io.EOF { //nolint:errorlint // a wrapped EOF is a body cut short
			return ins.Commit()
		}
		if rerr != nil {
			return chdb.Stats{}, readError(rerr)
		}
	}
}

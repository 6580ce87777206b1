package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

// exchange is one statement of one client. One goroutine owns it.
type exchange struct {
	server *server
	r      *http.Request
	values url.Values
	q      *request
	reply  *reply
	tag    string // by which KILL finds the statement in the engine
	conn   *chdb.Conn
	sql    string // for the audit line
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// run runs the statement, answers the client and writes the audit line.
func (x *exchange) run(ctx context.Context) {
	stats, err := x.connected(ctx)
	if err != nil {
		x.reply.fail(engineError(err))
	} else {
		err = x.reply.finish(stats)
	}
	x.audit(ctx, stats, err)
}

func (x *exchange) audit(ctx context.Context, stats chdb.Stats, err error) {
	s := x.server
	args := []any{
		"user", x.q.user, "query_id", x.q.queryID, "client", x.r.RemoteAddr, "sql", clip(x.sql),
		"read_rows", stats.ReadRows, "written_rows", stats.WrittenRows, "took", s.now().Sub(x.reply.begun),
	}
	if err != nil {
		args = append(args, "error", clip(err.Error()))
	}
	s.log.DebugContext(ctx, "store: statement", args...)
}

// clip keeps audit lines readable.
func clip(s string) string {
	const most = 1000
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// connected runs the statement on a connection of its own or of its session.
func (x *exchange) connected(ctx context.Context) (chdb.Stats, error) {
	p := x.server.pool
	if err := p.enter(ctx); err != nil {
		return chdb.Stats{}, err
	}
	defer p.leave()
	if x.q.session == (sessionKey{}) {
		conn, err := p.connect()
		if err != nil {
			return chdb.Stats{}, err
		}
		defer conn.Close()
		x.conn = conn
		return x.prepared(ctx)
	}
	conn, err := x.server.sessions.take(x.q.session, x.q.check, p.connect)
	if err != nil {
		return chdb.Stats{}, err
	}
	defer x.server.sessions.release(x.q.session, x.q.timeout)
	x.conn = conn
	return x.prepared(ctx)
}

// prepared brings the connection into the state that the client asks for,
// reads the statement and runs it.
func (x *exchange) prepared(ctx context.Context) (chdb.Stats, error) {
	if err := x.set(); err != nil {
		return chdb.Stats{}, err
	}
	if x.q.database != "" && x.q.database != "default" {
		if err := x.conn.Exec("USE " + sqltext.Name(x.q.database)); err != nil {
			return chdb.Stats{}, err
		}
	}
	st, err := x.read()
	if err != nil {
		return chdb.Stats{}, err
	}
	x.sql = st.sql
	if err := x.apply(x.q.role.Lock(x.q.settings)); err != nil {
		return chdb.Stats{}, err
	}
	defer x.cancelWith(ctx)()
	if st.isData {
		return x.insert(st)
	}
	return x.query(ctx, st)
}

// set applies the client's settings, and the tag.
func (x *exchange) set() error {
	for _, setting := range x.q.settings {
		if _, known := x.server.settings[setting.Name]; !known {
			return chdb.Errorf(codeSetting, "UNKNOWN_SETTING", "Unknown setting '%s'", setting.Name)
		}
		if err := x.q.role.Allowed(setting.Name); err != nil {
			return err
		}
	}
	return x.apply(append(slices.Clone(x.q.settings), gate.Setting{Name: "log_comment", Value: x.tag}))
}

func (x *exchange) apply(settings []gate.Setting) error {
	if len(settings) == 0 {
		return nil
	}
	items := make([]string, len(settings))
	for i, s := range settings {
		items[i] = s.Name + " = " + sqltext.Literal(s.Value)
	}
	return x.conn.Exec("SET " + strings.Join(items, ", "))
}

// read returns the statement from URL, body or form.
func (x *exchange) read() (statement, error) {
	media, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		in, err := body(x.r, x.values)
		if err != nil {
			return statement{}, err
		}
		return readStatement(x.values.Get("query"), in)
	}
	fields, err := readExternal(x.conn, x.r, x.q.external)
	if err != nil {
		return statement{}, err
	}
	for name := range fields {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			x.q.params = append(x.q.params, chdb.Param{Name: param, Value: fields.Get(name)})
		}
	}
	return readStatement(x.values.Get("query"), strings.NewReader(fields.Get("query")))
}

func (x *exchange) insert(st statement) (chdb.Stats, error) {
	if x.q.get {
		return chdb.Stats{}, chdb.Errorf(codeReadonly, "READONLY", "Cannot INSERT by GET: use POST")
	}
	if err := x.server.gate.Insert(x.conn, x.q.role, st.sql, st.insert.Format); err != nil {
		return chdb.Stats{}, err
	}
	return insert(x.conn, st.sql, st.insert.Format, st.data, x.q.params)
}

func (x *exchange) query(ctx context.Context, st statement) (chdb.Stats, error) {
	judged, err := x.server.gate.Query(x.conn, x.q.role, st.sql, x.q.params)
	if err != nil {
		return chdb.Stats{}, err
	}
	if x.q.get && judged.Class != chdb.Read {
		return chdb.Stats{}, chdb.Errorf(codeReadonly, "READONLY", "Cannot run a statement that changes something by GET: use POST")
	}
	format := first(judged.Format, x.q.format)
	h := x.reply.w.Header()
	h.Set("X-ClickHouse-Format", format)
	h.Set("Content-Type", contentType(format))
	switch {
	case hello(judged.SQL) && format == "Native":
		_, err := x.reply.Write(wire.Hello(displayName, x.server.version, "UTC", x.q.client))
		return chdb.Stats{}, err
	case streams(judged, format):
		return x.stream(ctx, judged, format)
	}
	return x.whole(judged, format)
}

func hello(sql string) bool { return strings.TrimSpace(sql) == wire.HelloQuery }

// whole runs a statement whose result the engine gives in one piece.
func (x *exchange) whole(st gate.Statement, format string) (chdb.Stats, error) {
	data, stats, err := x.conn.Query(st.SQL, format, x.q.params...)
	if err != nil {
		return stats, err
	}
	if len(data) == 0 && format == "Native" && st.Class == chdb.Read {
		data = x.header(st)
	}
	_, err = x.reply.Write(data)
	return stats, err
}

// stream passes a result on as the engine produces it.
func (x *exchange) stream(ctx context.Context, st gate.Statement, format string) (chdb.Stats, error) {
	rows, err := x.conn.Stream(st.SQL, format, x.q.params...)
	if err != nil {
		return chdb.Stats{}, err
	}
	defer rows.Close()
	for n := 0; ; n++ {
		chunk, err := rows.Next()
		if errors.Is(err, io.EOF) {
			if n == 0 && format == "Native" {
				_, err = x.reply.Write(x.header(st))
				return rows.Stats(), err
			}
			return rows.Stats(), nil
		}
		if err != nil {
			return rows.Stats(), err
		}
		if _, err := x.reply.Write(chunk); err != nil {
			return rows.Stats(), fmt.Errorf("send result: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return rows.Stats(), chdb.Errorf(codeQueryCancelled, "QUERY_WAS_CANCELLED", "The client went away")
		}
	}
}

// streams reports whether the result of st can be sent in chunks: the engine
// encodes each chunk as a result of its own, which only formats without head
// and tail survive.
func streams(st gate.Statement, format string) bool {
	if st.Class != chdb.Read || st.First != "SELECT" && st.First != "WITH" {
		return false
	}
	switch strings.ToLower(format) {
	case "native", "rowbinary", "tabseparated", "tsv", "tabseparatedraw", "tsvraw", "csv", "jsoneachrow", "jsonlines", "ndjson",
		"jsoncompacteachrow", "jsonstringseachrow", "jsoncompactstringseachrow", "lineasstring", "tskv", "msgpack":
		return true
	}
	return false
}

// header returns a block without rows that names the result's columns. Where
// the engine cannot describe the statement, the driver does without.
func (x *exchange) header(st gate.Statement) []byte {
	if st.First != "SELECT" && st.First != "WITH" {
		return nil
	}
	out, _, err := x.conn.Query("DESCRIBE ("+st.SQL[:st.Cut]+"\n)", "TSV", x.q.params...)
	if err != nil {
		x.server.log.Debug("store: no header for an empty result", "sql", clip(st.SQL), "error", err)
		return nil
	}
	var columns []wire.Column
	for line := range strings.Lines(string(out)) {
		if name, rest, ok := strings.Cut(line, "\t"); ok {
			typ, _, _ := strings.Cut(rest, "\t")
			columns = append(columns, wire.Column{Name: unescape(name), Type: unescape(typ)})
		}
	}
	return wire.Header(columns)
}

// unescape reads a TSV value.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\'`, "'", `\r`, "\r", `\0`, "\x00", `\b`, "\b", `\f`, "\f").Replace(s)
}

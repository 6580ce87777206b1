package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
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

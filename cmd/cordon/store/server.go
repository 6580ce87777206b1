package store

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
)

// server answers ClickHouse's HTTP interface.
type server struct {
	pool     *pool
	sessions *sessions
	accounts Accounts
	gate     *gate.Gate
	log      *slog.Logger
	now      func() time.Time

	version  string              // of the engine
	settings map[string]struct{} // names that the engine knows
}

func newServer(engine *chdb.Engine, accounts Accounts, log *slog.Logger, now func() time.Time) (*server, error) {
	conn, err := engine.Connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	g, err := gate.New(conn)
	if err != nil {
		return nil, fmt.Errorf("read the engine's functions: %w", err)
	}
	version, _, err := conn.Query("SELECT version()", "TSVRaw")
	if err != nil {
		return nil, fmt.Errorf("read the engine's version: %w", err)
	}
	names, _, err := conn.Query("SELECT name FROM system.settings", "TSVRaw")
	if err != nil {
		return nil, fmt.Errorf("read the engine's settings: %w", err)
	}
	s := &server{
		pool: newPool(engine), sessions: newSessions(), accounts: accounts, gate: g, log: log, now: now,
		version: strings.TrimSpace(string(version)), settings: map[string]struct{}{},
	}
	for _, name := range strings.Fields(string(names)) {
		s.settings[name] = struct{}{}
	}
	return s, nil
}

func (s *server) close() {
	s.sessions.close()
	s.pool.close()
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-ClickHouse-Server-Display-Name", displayName)
	w.Header().Set("X-ClickHouse-Timezone", "UTC")
	switch {
	case r.URL.Path == "/ping", r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.RawQuery == "":
		_, _ = w.Write([]byte("Ok.\n"))
	case (r.URL.Path == "/play" || strings.HasPrefix(r.URL.Path, "/play/")) && r.Method == http.MethodGet:
		play(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "use GET or POST", http.StatusMethodNotAllowed)
	case r.URL.Path == "/" || r.URL.Path == "/query":
		s.query(w, r)
	default:
		http.Error(w, "There is no "+r.URL.Path+". Use / for statements, /ping for a health check, /play for a page to type in.", http.StatusNotFound)
	}
}

// displayName is what the server calls itself.
const displayName = "cordon store"

// query answers a request that runs a statement.
func (s *server) query(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	user, password := credentials(r, values)
	role, ok := s.accounts.role(user, password)
	if !ok {
		s.log.Warn("store: refused a password", "user", user, "client", r.RemoteAddr)
		writeError(w, chdb.Errorf(codeAuthentication, "AUTHENTICATION_FAILED", "%s: Authentication failed: password is incorrect, or there is no user with such name", first(user, "default")))
		return
	}
	q, err := parse(r, values, user, role)
	if err != nil {
		writeError(w, engineError(err))
		return
	}
	if q.queryID == "" {
		q.queryID = newID()
	}
	w.Header().Set("X-ClickHouse-Query-Id", q.queryID)
	x := &exchange{server: s, r: r, values: values, q: q, reply: newReply(w, q, s.now), tag: newID()}
	x.run(r.Context())
}

// credentials reads user and password where clients put them.
func credentials(r *http.Request, values map[string][]string) (user, password string) {
	if user, password, ok := r.BasicAuth(); ok {
		return user, password
	}
	if user := r.Header.Get("X-ClickHouse-User"); user != "" {
		return user, r.Header.Get("X-ClickHouse-Key")
	}
	get := func(name string) string {
		if v := values[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	return get("user"), get("password")
}

// engineError returns err as an exception, which is all that a client
// understands.
func engineError(err error) *chdb.Error {
	var e *chdb.Error
	if errors.As(err, &e) {
		return e
	}
	return chdb.Errorf(1002, "UNKNOWN_EXCEPTION", "%v", err)
}

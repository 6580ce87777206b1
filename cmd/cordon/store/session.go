package store

import (
	"sync"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
)

// Codes of the engine's table that the server itself answers with.
const (
	codeReadAll         = 33
	codeNotImplemented  = 48
	codeSyntax          = 62
	codeDatabase        = 81
	codeNoData          = 108
	codeSetting         = 115
	codeReadonly        = 164
	codeSessionNotFound = 372
	codeSessionLocked   = 373
	codeQueryCancelled  = 394
	codeAuthentication  = 516
	codeBadRequest      = 36
)

const (
	sessionDefault = 60 * time.Second
	sessionMost    = time.Hour
)

// sessions keeps connections between requests that name a session, with their
// settings and temporary tables.
type sessions struct {
	mu     sync.Mutex
	open   map[sessionKey]*session // all sessions, idle or busy
	closed bool
}

type sessionKey struct{ user, id string }

type session struct {
	conn   *chdb.Conn
	busy   bool
	turn   int         // how often it was taken
	expiry *time.Timer // of an idle session
}

func newSessions() *sessions { return &sessions{open: map[sessionKey]*session{}} }

// take returns the session's connection, opened by connect for a new session.
// A session runs one statement at a time.
func (s *sessions) take(key sessionKey, check bool, connect func() (*chdb.Conn, error)) (*chdb.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.open[key]; found != nil {
		if found.busy {
			return nil, chdb.Errorf(codeSessionLocked, "SESSION_IS_LOCKED", "Session %s is locked by a concurrent client", key.id)
		}
		found.expiry.Stop()
		found.busy = true
		found.turn++
		return found.conn, nil
	}
	if check || s.closed {
		return nil, chdb.Errorf(codeSessionNotFound, "SESSION_NOT_FOUND", "Session %s not found", key.id)
	}
	conn, err := connect()
	if err != nil {
		return nil, err
	}
	s.open[key] = &session{conn: conn, busy: true}
	return conn, nil
}

// release gives a session back, to be closed when it is not used for timeout.
func (s *sessions) release(key sessionKey, timeout time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.open[key]
	found.busy = false
	if s.closed {
		s.end(key)
		return
	}
	turn := found.turn
	found.expiry = time.AfterFunc(timeout, func() { s.expire(key, found, turn) })
}

// expire closes the session if nobody has taken it since its timer was set.
func (s *sessions) expire(key sessionKey, of *session, turn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[key] == of && !of.busy && of.turn == turn {
		s.end(key)
	}
}

// end is called with mu held.
func (s *sessions) end(key sessionKey) {
	s.open[key].conn.Close()
	delete(s.open, key)
}

// close ends the idle sessions; a busy one ends when it is released.
func (s *sessions) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for key, found := range s.open {
		if !found.busy {
			found.expiry.Stop()
			s.end(key)
		}
	}
}

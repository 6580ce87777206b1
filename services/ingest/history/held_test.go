package history

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
)

// holder is a connection that fails and still holds the body of the insert, as
// net/http does when the answer comes before all has been sent.
type holder struct {
	driver.Conn
	body io.Reader
	sent []byte // what body held at the time
}

func (h *holder) InsertFormat(_ context.Context, _, _ string, data io.Reader) error {
	if h.body != nil {
		return nil
	}
	all, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	h.body, h.sent = bytes.NewReader(nil), all
	if r, ok := data.(*bytes.Reader); ok {
		_, err = r.Seek(0, io.SeekStart)
		h.body = r
	}
	return errors.Join(err, errors.New("answered early"))
}

func TestFailedInsertKeepsItsBytes(t *testing.T) {
	for _, x := range tables(cordon.Topics{}) {
		if x.name != "events" {
			continue
		}
		// The pool may forget what it is given: more than one round.
		for range 20 {
			checkHeld(t, x)
		}
	}
}

func checkHeld(t *testing.T, x table) {
	t.Helper()
	h := &holder{}
	s := newSink(h, x, nil)
	if err := s.Insert(t.Context(), "a", at("events", 0, manyEvents(50)...)); err == nil {
		t.Fatal("Insert = nil; want the error of the connection")
	}
	insert(t, s, "b", at("events", 50, manyEvents(80)[30:]...))
	got, err := io.ReadAll(h.body)
	if err != nil || !bytes.Equal(got, h.sent) {
		t.Errorf("body of the failed insert changed under the next one (%d bytes, %v); want what was given to the connection", len(got), err)
	}
}

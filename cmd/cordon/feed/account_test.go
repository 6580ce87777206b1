package feed

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
)

func TestAccountErr(t *testing.T) {
	at := []cordon.Position{{Topic: "raw.zeek", Partition: 1, Offset: 7}}
	for _, c := range []struct {
		name string
		a    Account
		want string // part of the error; empty: none
	}{
		{"all events", Account{Sent: 3, Events: 3}, ""},
		{"some dropped", Account{Sent: 3, Events: 1, Rejected: 1, Dropped: 1, HasRows: true, Rows: 1, Logged: 1}, ""},
		{"taken twice", Account{Sent: 3, Events: 3, Rejected: 1, Twice: 1}, "1 were taken twice"},
		{"lost", Account{Sent: 3, Events: 2, Lost: 1, LostAt: at}, "1 records were lost, the first at raw.zeek/1/7"},
		{"row lost", Account{Sent: 3, Events: 3, HasRows: true, Rows: 2, Logged: 3}, "missing or doubled"},
	} {
		err := c.a.Err()
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Err() = %v; want %q", c.name, err, c.want)
		}
	}
}

func TestAccountPrint(t *testing.T) {
	var out strings.Builder
	a := Account{Sent: 4, Events: 3, Rejected: 1, Dropped: 1, Lost: 1, Twice: 2,
		LostAt: []cordon.Position{{Topic: "raw.eve", Offset: 3}}, HasRows: true, Rows: 2, Logged: 3}
	a.print(&out)
	want := "  4 records = 3 events + 1 rejected + 1 that say nothing about a device + 1 LOST - 2 taken TWICE\n" +
		"  lost: raw.eve/0/3\n  2 rows in ClickHouse of 3 events\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("print (-want +got):\n%s", diff)
	}
}

// desk is a log with records of a feed in it, and books about them.
type desk struct {
	*books
	t    *testing.T
	log  *stream.Appender
	sent Ranges
}

func newDesk(t *testing.T, format string) *desk {
	t.Helper()
	k := kafkatest.Start(t)
	log, err := stream.NewAppender(k, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{books: &books{kafka: k, topics: kafkatest.Topics(t, k, 1), format: format}, t: t, log: log, sent: Ranges{}}
	d.made(d.topics.Events(), cordon.Position{Topic: d.topics.Raw(format), Offset: 0}) // of an earlier log
	if err := d.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// raw appends a record, of the feed or of somebody else.
func (d *desk) raw(value string, ours bool) cordon.Position {
	d.t.Helper()
	at, err := d.log.Append(d.t.Context(), d.topics.Raw(d.format), cordon.Record{Key: "gate", Value: []byte(value)})
	if err != nil {
		d.t.Fatal(err)
	}
	if ours {
		d.sent.add(at)
	}
	return at[0]
}

// made appends what ingest makes of the record at in.
func (d *desk) made(out string, in cordon.Position) {
	d.t.Helper()
	r := cordon.Record{Key: "cam-1", Value: []byte("{}"), Headers: []cordon.Header{{Key: cordon.HeaderInput, Value: in.String()}}}
	if _, err := d.log.Append(d.t.Context(), out, r); err != nil {
		d.t.Fatal(err)
	}
}

func TestSettle(t *testing.T) {
	const some = `{"event_type":"flow"}`
	d := newDesk(t, "eve")
	d.made(d.topics.Events(), d.raw(some, true))
	d.made(d.topics.Rejected(), d.raw("{", true))
	d.raw(`{"event_type":"stats"}`, true)
	d.made(d.topics.Events(), d.raw(some, false)) // of another feed
	d.raw(some, false)                            // lost, but not ours
	d.raw(" ", true)
	twice := d.raw(some, true)
	d.made(d.topics.Events(), twice)
	d.made(d.topics.Events(), twice)
	d.made(d.topics.Events(), cordon.Position{Topic: d.topics.Raw("zeek"), Offset: twice.Offset}) // of another topic
	var lost []cordon.Position
	for range maxLostAt + 1 {
		lost = append(lost, d.raw(some, true))
	}
	got, err := d.settle(t.Context(), d.sent)
	if err != nil {
		t.Fatal(err)
	}
	want := Account{Sent: 11, Events: 3, Rejected: 1, Dropped: 2, Twice: 1, Lost: maxLostAt + 1, LostAt: lost[:maxLostAt]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settle (-want +got):\n%s", diff)
	}
}

func TestSettleNothing(t *testing.T) {
	got, err := newDesk(t, "zeek").settle(t.Context(), Ranges{})
	if diff := cmp.Diff(Account{}, got); err != nil || diff != "" {
		t.Errorf("settle(nothing) = %v (-want +got):\n%s", err, diff)
	}
}

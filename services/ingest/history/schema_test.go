package history

import (
	"slices"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
)

// TestColumnsAreDescribed: every column says what it holds and how it is
// compressed.
func TestColumnsAreDescribed(t *testing.T) {
	c := dial(t, schema(t).Admin)
	bad := all[string](t, c, `
		SELECT concat(c.table, '.', c.name) FROM system.columns AS c
		INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
		WHERE c.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND (c.comment = '' OR c.compression_codec = '')`)
	if len(bad) > 0 {
		t.Errorf("columns without comment or codec: %s", strings.Join(bad, ", "))
	}
	bad = all[string](t, c, `SELECT name FROM system.tables
		WHERE database = currentDatabase() AND engine != 'MaterializedView' AND comment = ''`)
	if len(bad) > 0 {
		t.Errorf("tables and views without comment: %s", strings.Join(bad, ", "))
	}
	if n := one[uint64](t, c, "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events'"); n < 40 {
		t.Errorf("columns of events = %d; want at least 40: is this the right database?", n)
	}
}

// TestColumnsAreWritten: an insert names every column of its table.
func TestColumnsAreWritten(t *testing.T) {
	c := dial(t, schema(t).Admin)
	for _, x := range tables(cordon.Topics{}) {
		want := all[string](t, c, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"+x.name+"' ORDER BY name")
		got := strings.Split(x.rows().block().Names(), ", ")
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("columns written to %s = %v; want %v", x.name, got, want)
		}
	}
}

// TestCommentsComeFromTheProfile: what the profile says of an attribute, the
// column that holds it says too.
func TestCommentsComeFromTheProfile(t *testing.T) {
	c := dial(t, schema(t).Admin)
	profile := eventComments(ocsf.Columns())
	if len(profile) == 0 {
		t.Fatal("the profile describes no column of events")
	}
	got, err := comments(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range profile {
		if got[name] != want {
			t.Errorf("comment of events.%s = %q; want %q", name, got[name], want)
		}
	}
}

func TestEventComments(t *testing.T) {
	got := eventComments([]ocsf.Column{
		{Table: "findings", Name: "where", Path: "device.zone", DataClass: "operational", Comment: "Zone."},
		{Table: "events", Name: "domain", Path: "tls.sni", DataClass: "personal", Comment: "Name."},
		{Table: "events", Name: "tier", DataClass: "operational", Comment: "Tier."},
	})
	if len(got) != 1 || got["zone"] != "Zone. OCSF device.zone, data class operational." {
		t.Errorf("eventComments() = %q; want the comment of zone alone", got)
	}
}

// TestViews: every view runs, for the user of the dashboards, on a database
// without rows too.
func TestViews(t *testing.T) {
	dsn := schema(t)
	c := dial(t, dsn.Reader)
	views := all[string](t, c, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name")
	want := []string{
		"v1_actions", "v1_device_timeline", "v1_devices", "v1_duplicates", "v1_edges", "v1_events", "v1_findings",
		"v1_quarantines", "v1_rate_per_minute", "v1_rejected_by_reason", "v1_top_talkers",
	}
	if !slices.Equal(views, want) {
		t.Errorf("views = %v; want %v", views, want)
	}
	for _, v := range views {
		if n := one[uint64](t, c, "SELECT count() FROM "+v+arguments(v)); n != 0 {
			t.Errorf("%s has %d rows; want 0", v, n)
		}
	}
	insert(t, into(t, dsn.Writer, "events"), "a", at("events", 0, event(flow), event("broken")))
	for _, x := range []string{"findings", "actions", "devices"} {
		insert(t, into(t, dsn.Writer, x), "a", at(x, 0, sample(t, x, 1)))
	}
	for _, v := range views {
		if n := one[uint64](t, c, "SELECT count() FROM "+v+arguments(v)); n == 0 {
			t.Errorf("%s has no rows; want some", v)
		}
	}
}

// arguments are those of a view with parameters.
func arguments(view string) string {
	switch view {
	case "v1_device_timeline":
		return "(device='pump-7', from='2026-03-02 00:00:00', to='2026-03-03 00:00:00', n=10)"
	case "v1_top_talkers":
		return "(from='2026-03-02 00:00:00', to='2026-03-03 00:00:00', n=10)"
	}
	return ""
}

func TestTimeline(t *testing.T) {
	dsn := schema(t)
	insert(t, into(t, dsn.Writer, "events"), "a", at("events", 41, event(flow)))
	f := cordon.Finding{ID: "f", Policy: cordon.PolicyRef{ID: "CRD-0007"}, Device: "pump-7", CauseAt: cordon.Position{Topic: "events"}, Time: noon, Summary: "scan"}
	insert(t, into(t, dsn.Writer, "findings"), "a", at("findings", 1, must(t)(f.Record())))
	a := cordon.Action{ID: "a", State: cordon.Applied, Device: "pump-7", At: noon.Add(1), Level: cordon.Isolate, By: "policy:CRD-0007", Reason: "scan"}
	insert(t, into(t, dsn.Writer, "actions"), "a", at("actions", 1, must(t)(a.Record())))
	got := all[string](t, dial(t, dsn.Reader), "SELECT concat(kind, '|', what, '|', detail, '|', position) FROM v1_device_timeline"+arguments("v1_device_timeline")+" ORDER BY kind")
	want := []string{
		"action|applied|isolate by policy:CRD-0007: scan|actions/3/1",
		"event|network_activity|mqtt 203.0.113.9:8883|events/3/41",
		"finding|CRD-0007|scan|findings/3/1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("v1_device_timeline = %q; want %q", got, want)
	}
}

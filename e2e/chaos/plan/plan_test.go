package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/e2e/chaos/plan"
)

// names draws n cards.
func names(d *plan.Deck, n int) []string {
	var out []string
	for range n {
		out = append(out, d.Next().String())
	}
	return out
}

func TestDeckDealsEachCardOnceBeforeOneTwice(t *testing.T) {
	for _, cards := range [][]plan.Card{plan.Kills(), plan.Others(plan.Setup{Leaders: true})} {
		d := plan.NewDeck(cards, 5)
		var want []string
		for _, c := range cards {
			want = append(want, c.String())
		}
		for round := range 2 {
			got := names(d, d.Len())
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("round %d (-want +got):\n%s", round, diff)
			}
		}
	}
}

func TestDeckFollowsFromSeed(t *testing.T) {
	deal := func(seed uint64) []string { return names(plan.NewDeck(plan.Kills(), seed), 50) }
	if d := cmp.Diff(deal(1), deal(1)); d != "" {
		t.Errorf("two decks of one seed differ:\n%s", d)
	}
	if cmp.Equal(deal(1), deal(2)) {
		t.Error("decks of two seeds are the same")
	}
}

// TestEveryWriteIsHit: each request that changes something is the place of a
// kill and of a stop, on either side of its effect.
func TestEveryWriteIsHit(t *testing.T) {
	all := slices.Concat(plan.Kills(), plan.Others(plan.Setup{}))
	for _, site := range []plan.Site{
		{Service: "ingest", Op: "Produce events"}, {Service: "ingest", Op: "OffsetCommit history"}, {Service: "ingest", Op: "insert events"},
		{Service: "detect", Op: "Produce findings"}, {Service: "respond", Op: "Produce actions"}, {Service: "respond", Op: "webhook apply"},
	} {
		for _, w := range []plan.When{plan.Before, plan.After} {
			for _, a := range []plan.Act{plan.Kill, plan.Stop, plan.Cut} {
				if !slices.ContainsFunc(all, func(c plan.Card) bool { return c.Site == site && c.When == w && c.Act == a }) {
					t.Errorf("no card says %s %s %s %s", a, site.Service, w, site.Op)
				}
			}
		}
	}
	if slices.ContainsFunc(all, func(c plan.Card) bool { return c.Act == plan.Move }) {
		t.Error("leaders are to move though there is one broker")
	}
}

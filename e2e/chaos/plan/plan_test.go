package plan_test

import (
	"maps"
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
		{Service: "detect", Op: "Produce findings"}, {Service: "detect", Op: "Produce state"}, {Service: "respond", Op: "Produce actions"}, {Service: "respond", Op: "webhook apply"},
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

// TestReturnedCardIsDealtAgain: before the next round, and without letting
// requests through.
func TestReturnedCardIsDealtAgain(t *testing.T) {
	d := plan.NewDeck(plan.Kills(), 5)
	c := d.Next()
	c.Skip = 3
	d.Return(c)
	var last plan.Card
	for range d.Len() {
		last = d.Next()
	}
	c.Skip = 0
	if last != c {
		t.Errorf("the last card of the round is %+v; want %+v", last, c)
	}
}

func TestUnstruck(t *testing.T) {
	struck := map[string]int{}
	for _, c := range plan.Kills() {
		struck[c.String()] = 1
	}
	kill := func(service, op string) plan.Card {
		return plan.Card{Site: plan.Site{Service: service, Op: op}, When: plan.After, Act: plan.Kill}
	}
	known, other, read := kill("detect", "Produce state"), kill("detect", "Produce more"), kill("detect", "Metadata")
	for _, tc := range []struct {
		name string
		seen map[plan.Card]int
		miss plan.Card
		want []string
	}{
		{"all", map[plan.Card]int{known: 5, read: 9}, plan.Card{}, nil},
		{"planned and seen", map[plan.Card]int{known: 5}, known, []string{"kill detect after Produce state: never; it could have been at 5 requests"}},
		{"planned", nil, known, []string{"kill detect after Produce state: never; it could have been at 0 requests"}},
		{"seen and not planned", map[plan.Card]int{other: 2}, plan.Card{}, []string{"kill detect after Produce more: never; it could have been at 2 requests"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			some := maps.Clone(struck)
			delete(some, tc.miss.String())
			if d := cmp.Diff(tc.want, plan.Unstruck(tc.seen, some)); d != "" {
				t.Errorf("Unstruck (-want +got):\n%s", d)
			}
		})
	}
}

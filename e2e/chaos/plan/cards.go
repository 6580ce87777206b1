package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Setup says what a deployment has that can go wrong.
type Setup struct {
	Leaders bool // there are several brokers, so that leaders move
}

// writes are the requests of each service that change something outside of it.
func writes() map[string][]string {
	return map[string][]string{
		"ingest": {
			"Produce events", "Produce rejected", "OffsetCommit raw", "OffsetCommit history",
			"insert events", "insert rejected", "insert findings", "insert actions",
		},
		"detect":  {"Produce findings", state, changes, "OffsetCommit detect"},
		"respond": {"Produce actions", "OffsetCommit respond", "webhook apply", "webhook release"},
	}
}

// What detect writes when partitions move: what it remembers of one that it
// gives back, and what rules hold from where on in one that it takes.
const (
	state   = "Produce state"
	changes = "Produce changes"
)

// Moving reports whether op is a request that is rare but where partitions move.
func Moving(op string) bool { return op == state || op == changes }

// write reports whether op is a request that changes something.
func write(op string) bool {
	return http(op) || strings.HasPrefix(op, "Produce ") || strings.HasPrefix(op, "OffsetCommit ")
}

// Unstruck says at which writes nobody was killed: neither at those that are
// planned nor at others that were seen. seen counts requests by the kill for
// which they are the site, struck what was done by the names of cards.
func Unstruck(seen map[Card]int, struck map[string]int) []string {
	want := map[Card]int{}
	for _, c := range Kills() {
		want[c] = 0
	}
	maps.Copy(want, seen)
	var all []string
	for c, n := range want {
		if write(c.Site.Op) && struck[c.String()] == 0 {
			all = append(all, fmt.Sprintf("%s: never; it could have been at %d requests", c, n))
		}
	}
	slices.Sort(all)
	return all
}

// reads are requests that change nothing but who works on what.
func reads() []string {
	return []string{"JoinGroup", "SyncGroup", "OffsetFetch", "InitProducerID", "ListOffsets", "Fetch", "Heartbeat"}
}

// Kills are the cards that kill a process: at every write, at requests around
// it, and at any time.
func Kills() []Card {
	var all []Card
	for service, ops := range writes() {
		for _, op := range slices.Concat(ops, reads()) {
			for _, w := range []When{Before, After} {
				all = append(all, Card{Site: Site{service, op}, When: w, Act: Kill})
			}
		}
		all = append(all, many(4, Card{Site: Site{Service: service}, When: Random, Act: Kill})...)
	}
	all = append(all, many(6, Card{Site: Site{Service: "broker"}, When: Random, Act: Kill})...)
	all = append(all, many(4, Card{Site: Site{Service: "store"}, When: Random, Act: Kill})...)
	return sorted(all)
}

// Others are the cards that kill nobody.
func Others(s Setup) []Card {
	var all []Card
	for service, ops := range writes() {
		for _, op := range ops {
			for _, w := range []When{Before, After} {
				for _, a := range actsAt(op, w) {
					all = append(all, Card{Site: Site{service, op}, When: w, Act: a})
				}
			}
		}
		all = append(all, many(2, Card{Site: Site{Service: service}, When: Random, Act: Stop})...)
		all = append(all, many(2, Card{Site: Site{Service: service}, When: Random, Act: Pause})...)
		all = append(all, many(2, Card{Site: Site{Service: service}, When: Random, Act: End})...)
	}
	all = append(all, many(2, Card{Site: Site{Service: "broker"}, When: Random, Act: Pause})...)
	all = append(all, many(2, Card{Site: Site{Service: "store"}, When: Random, Act: Pause})...)
	if s.Leaders {
		all = append(all, many(6, Card{Site: Site{Service: "broker"}, When: Random, Act: Move})...)
	}
	return sorted(all)
}

// actsAt are the acts other than Kill that make sense at op.
func actsAt(op string, w When) []Act {
	acts := []Act{Stop, Pause, Cut}
	switch {
	case http(op):
		acts = append(acts, Fail, Slow)
	case w == Before:
		acts = append(acts, Late)
	}
	return acts
}

// http reports whether op is a request of HTTP.
func http(op string) bool {
	return strings.HasPrefix(op, "insert ") || strings.HasPrefix(op, "webhook ")
}

func many(n int, c Card) []Card { return slices.Repeat([]Card{c}, n) }

// sorted makes the order of maps not count.
func sorted(all []Card) []Card {
	slices.SortFunc(all, func(a, b Card) int { return cmp.Compare(a.String(), b.String()) })
	return all
}

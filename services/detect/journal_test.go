package detect

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

func TestChangesThatCount(t *testing.T) {
	owner := cordon.Change{Kind: cordon.OwnerChange, Partition: 1}
	made := func(by int64, number int, set string) cordon.Change {
		return cordon.Change{Kind: cordon.RulesetChange, Partition: 1, Owner: by, Number: number, Ruleset: set, Offset: int64(number)}
	}
	foreign := made(0, 1, "other partition")
	foreign.Partition = 2
	tests := []struct {
		name string
		log  []cordon.Change
		want []string
	}{
		{"one owner", []cordon.Change{owner, made(0, 0, "a"), made(0, 1, "b")}, []string{"a", "b"}},
		{"sent again", []cordon.Change{owner, made(0, 0, "a"), made(0, 0, "a"), made(0, 1, "b"), made(0, 0, "a")}, []string{"a", "b"}},
		{"another partition in between", []cordon.Change{owner, made(0, 0, "a"), foreign, made(0, 1, "b")}, []string{"a", "b"}},
		{"an owner that has lost it", []cordon.Change{owner, made(0, 0, "a"), owner, made(0, 1, "late"), made(2, 1, "b")}, []string{"a", "b"}},
		{"an owner without changes", []cordon.Change{owner, owner, made(1, 0, "a")}, []string{"a"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := changeFold{of: 1}
			for i, c := range tc.log {
				r, err := c.Record("k")
				if err != nil {
					t.Fatal(err)
				}
				r.Position = cordon.Position{Topic: "changes", Offset: int64(i)}
				if err := f.add(r); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, c := range f.changes {
				got = append(got, c.Ruleset)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("changes that count (-want +got):\n%s", d)
			}
		})
	}
}

func TestChangesKey(t *testing.T) {
	for _, partitions := range []int{1, 4, 12} {
		for of := range 2 * partitions {
			key := changesKey(of, partitions)
			if got := wkafka.PartitionOf([]byte(key), partitions); got != of%partitions {
				t.Errorf("changesKey(%d, %d) leads to %d; want %d", of, partitions, got, of%partitions)
			}
		}
	}
}

// held is a claim that is never lost.
type held struct{ *stream.Appender }

func (held) Lease() error { return nil }

// What somebody writes who was superseded without knowing it does not count,
// and he is told before anything follows from it.
func TestSupersededOwner(t *testing.T) {
	b := newBench(t)
	ctx, topic := t.Context(), b.topics.Changes()
	first, changes, err := openJournal(ctx, b.kafka, topic, held{b.log}, 1, 0)
	if err != nil || len(changes) > 0 {
		t.Fatalf("openJournal = %v, %v; want no changes", changes, err)
	}
	change := func(number int, set string) cordon.Change {
		return cordon.Change{Kind: cordon.RulesetChange, Number: number, Ruleset: set}
	}
	if err := first.write(ctx, change(0, "a")); err != nil {
		t.Fatal(err)
	}
	second, changes, err := openJournal(ctx, b.kafka, topic, held{b.log}, 1, 7)
	if err != nil || len(changes) != 1 {
		t.Fatalf("openJournal = %v, %v; want the change of the owner before", changes, err)
	}
	if err := first.write(ctx, change(1, "late")); !errors.Is(err, errSuperseded) {
		t.Errorf("write behind a successor = %v; want %v", err, errSuperseded)
	}
	if err := second.write(ctx, change(1, "b")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range b.changes(1) {
		got = append(got, c.Ruleset)
	}
	if d := cmp.Diff([]string{"a", "b"}, got); d != "" {
		t.Errorf("changes that count (-want +got):\n%s", d)
	}
}

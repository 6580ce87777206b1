package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
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

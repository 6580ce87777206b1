package respond

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// steps of the action that a finding of device leads to.
type steps struct{ intended, applied, failed, releaseIntended, released cordon.Action }

func stepsOf(finding, device string) steps {
	a := intended(finding, device)
	r := releaseIntended(a, noon(), "lease", "the lease ended")
	return steps{a, applied(a, noon(), 1), failed(a, noon(), 1, "refused"), r, released(r, noon(), 1)}
}

func TestFold(t *testing.T) {
	a, b := stepsOf("f1", "cam-1"), stepsOf("f2", "cam-1")
	type seq []cordon.Action
	tests := []struct {
		name string
		log  seq
		want string // one letter per step: does it count?
		open []cordon.ActionState
	}{
		{"whole life", seq{a.intended, a.applied, a.releaseIntended, a.released}, "yyyy", nil},
		{"refused", seq{a.intended, a.failed}, "yy", nil},
		{"stale", seq{a.failed}, "y", nil},
		{"released unacknowledged", seq{a.intended, a.releaseIntended, a.released}, "yyy", nil},
		{"every step twice", seq{a.intended, a.intended, a.applied, a.applied, a.releaseIntended, a.releaseIntended, a.released, a.released}, "ynynynyn", nil},
		{"open", seq{a.intended}, "y", []cordon.ActionState{cordon.ApplyIntended}},
		{"intended again after the end", seq{a.intended, a.failed, a.intended}, "yyn", nil},
		{"effect without intent", seq{a.applied, a.releaseIntended, a.released}, "nnn", nil},
		{"released before the release was intended", seq{a.intended, a.applied, a.released}, "yyn", []cordon.ActionState{cordon.Applied}},
		{"applied after the release began", seq{a.intended, a.releaseIntended, a.applied, a.released}, "yyny", nil},
		{"failed after applied", seq{a.intended, a.applied, a.failed}, "yyn", []cordon.ActionState{cordon.Applied}},
		{"applied after another owner gave up", seq{a.intended, a.failed, a.applied, a.releaseIntended}, "yyyy", []cordon.ActionState{cordon.ReleaseIntended}},
		{"second action of a held device", seq{a.intended, b.intended, b.applied, a.applied}, "ynny", []cordon.ActionState{cordon.Applied}},
		{"second action after the first", seq{a.intended, a.failed, b.intended}, "yyy", []cordon.ActionState{cordon.ApplyIntended}},
		{"stale finding of a held device", seq{a.intended, b.failed, b.intended}, "yyn", []cordon.ActionState{cordon.ApplyIntended}},
		{"applied late while another holds the device", seq{a.intended, a.failed, b.intended, a.applied}, "yyyn", []cordon.ActionState{cordon.ApplyIntended}},
		{"unknown state", seq{{ID: "x", Device: "d", State: "proposed"}, a.intended}, "ny", []cordon.ActionState{cordon.ApplyIntended}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, got := NewState(), ""
			for _, a := range tt.log {
				got += map[bool]string{true: "y", false: "n"}[s.Fold(a)]
			}
			var open []cordon.ActionState
			for _, a := range s.Open() {
				open = append(open, a.State)
			}
			if got != tt.want || !cmp.Equal(open, tt.open, equateEmpty) {
				t.Errorf("Fold = %s, open %v; want %s, open %v", got, open, tt.want, tt.open)
			}
		})
	}
}

func TestExpectEndsWithTheReadBack(t *testing.T) {
	a, b := stepsOf("f1", "cam-1"), stepsOf("f2", "cam-1")
	s := NewState()
	s.Expect(a.intended)
	s.Fold(b.intended) // another owner was first
	s.Fold(a.intended) // lost
	if !s.Held("cam-1") || s.Known(a.intended.ID) {
		t.Errorf("Held %t, Known %t; want held by the winner and the loser unknown", s.Held("cam-1"), s.Known(a.intended.ID))
	}
	s.Fold(b.failed)
	if s.Held("cam-1") {
		t.Error("the device is held by a decision that lost")
	}
}

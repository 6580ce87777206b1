package respond

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
)

// BenchmarkFoldActions folds the steps of quarantines as a partition that was
// assigned does; one op is one step. It is the cost of having no snapshots of
// this state.
func BenchmarkFoldActions(b *testing.B) {
	var recs []cordon.Record
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 25_000 {
		id := cordon.NewActionID(cordon.FindingID(fmt.Sprint(i)), cordon.Segment)
		a := cordon.Action{
			ID: id, State: cordon.ApplyIntended, Op: cordon.NewOpID(id, "webhook", cordon.Apply, 0), Device: cordon.DeviceID(fmt.Sprint("device-", i%500)),
			Finding: cordon.FindingID(fmt.Sprint(i)), Policy: "CRD-0001", Title: "Port scan", Severity: cordon.High, Level: cordon.Segment, Enforcer: "webhook",
			At: at, Since: at, Until: at.Add(time.Hour), By: "policy:CRD-0001", Reason: "it probed 40 hosts in a minute",
		}
		for _, s := range []cordon.ActionState{cordon.ApplyIntended, cordon.Applied, cordon.ReleaseIntended, cordon.Released} {
			a.State = s
			rec, err := a.Record()
			if err != nil {
				b.Fatal(err)
			}
			rec.Position = cordon.Position{Topic: "actions", Offset: int64(len(recs))}
			recs = append(recs, rec)
		}
	}
	p := &partition{log: slog.New(slog.DiscardHandler), state: NewState()}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(recs) == 0 {
			p.state = NewState()
		}
		p.fold(recs[i%len(recs)])
	}
}

package schemas

import (
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
)

// TestRecordsFollowTheirSchemas: findings and actions are OCSF as well, though the
// root package writes them itself.
func TestRecordsFollowTheirSchemas(t *testing.T) {
	at := time.UnixMilli(1700000000123).UTC()
	finding := cordon.Finding{
		ID: "f", Policy: cordon.PolicyRef{ID: "CRD-0001", Package: "policies.network.scan", Title: "Scan", Digest: "00"},
		Device: "cam-1", Zone: "cctv", Cause: "e", Time: at, Severity: cordon.High, Response: cordon.Quarantine,
		Lease: time.Hour, Summary: "scans", Attack: []string{"T0846"}, Evidence: map[string]any{"peers": 14},
	}
	action := cordon.Action{
		ID: "a", State: cordon.Applied, Op: "o", Device: "cam-1", Zone: "cctv", Finding: "f", Policy: "CRD-0001",
		Title: "Scan", Severity: cordon.High, Level: cordon.Segment, Enforcer: "webhook", Attempt: 1,
		At: at, Since: at, Until: at.Add(time.Hour), By: "policy:CRD-0001", Reason: "scans",
	}
	schemas := compiled(t)
	for _, c := range []struct {
		class  int
		record func() (cordon.Record, error)
	}{
		{ocsf.ClassDetectionFinding, finding.Record},
		{ocsf.ClassNetworkRemediationActivity, action.Record},
	} {
		r, err := c.record()
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schemas[c.class], r.Value); err != nil {
			t.Errorf("record of class %d: %v\n%s", c.class, err, r.Value)
		}
		d, e := ocsf.Decoder{Internal: true}, ocsf.Event{}
		if dropped, err := d.Decode(r.Value, &e); err != nil || len(dropped) > 0 {
			t.Errorf("Decode of class %d drops %q, %v; want all of it kept", c.class, dropped, err)
		}
	}
}

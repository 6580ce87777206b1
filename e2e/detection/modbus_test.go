package detection

import "testing"

// Real Modbus traffic. In the first recording a stranger reads a controller
// out; in both, the master writes coils, which is a finding as long as nobody
// has called it an approved writer.
func TestModbus(t *testing.T) {
	tests := []struct {
		recording string
		want      map[string]bool // policies
	}{
		{"characterization_modbus_6RTU_with_operate", map[string]bool{"CRD-0040": true, "CRD-0041": true}},
		{"CnC_uploading_exe_modbus_6RTU_with_operate", map[string]bool{"CRD-0040": true}},
	}
	p := pack(t)
	for _, tt := range tests {
		t.Run(tt.recording, func(t *testing.T) {
			tr := readZeek(t, nil, "modbus-lemay", tt.recording+".modbus.ndjson.zst")
			got := map[string]int{}
			for _, f := range detect(t, p, tr) {
				got[f.Policy.ID]++
				t.Log(f.Policy.ID, f.Summary)
			}
			for id := range tt.want {
				if got[id] == 0 {
					t.Errorf("no finding of %s", id)
				}
			}
			for id := range got {
				if !tt.want[id] {
					t.Errorf("%d findings of %s; want none", got[id], id)
				}
			}
			t.Logf("%d events, %d refused, findings %v", len(tr.events), tr.refused, got)
		})
	}
}

package fleet

import "time"

// The parts of OCSF 1.8 that devices of the site report themselves.
type (
	inventoryInfo struct {
		ActivityID  int          `json:"activity_id"`
		CategoryUID int          `json:"category_uid"`
		ClassUID    int          `json:"class_uid"`
		Device      ocsfDevice   `json:"device"`
		Metadata    ocsfMetadata `json:"metadata"`
		SeverityID  int          `json:"severity_id"`
		Time        int64        `json:"time"`
		TypeUID     int          `json:"type_uid"`
	}
	ocsfDevice struct {
		IP     string `json:"ip"`
		Model  string `json:"model"`
		OS     ocsfOS `json:"os"`
		TypeID int    `json:"type_id"`
		UID    string `json:"uid"`
		Vendor string `json:"vendor_name"`
	}
	ocsfOS struct {
		Name    string `json:"name"`
		TypeID  int    `json:"type_id"`
		Version string `json:"version"`
	}
	ocsfMetadata struct {
		Product ocsfProduct `json:"product"`
		Version string      `json:"version"`
	}
	ocsfProduct struct {
		Name   string `json:"name"`
		Vendor string `json:"vendor_name"`
	}
)

func reportFirmware(s *scribe, at time.Time, d device) { s.runs(at, d, d.zone.model.firmware) }

// runs is d's report that it runs firmware.
func (s *scribe) runs(at time.Time, d device, firmware string) {
	m := d.zone.model
	s.report(at, "ocsf", d.id, inventoryInfo{
		ActivityID: 1, CategoryUID: 5, ClassUID: 5001, TypeUID: 500101, SeverityID: 1, Time: at.UnixMilli(),
		Device: ocsfDevice{
			IP: d.addr, Model: m.name, TypeID: 7, UID: d.id, Vendor: m.vendor,
			OS: ocsfOS{Name: m.name, TypeID: 99, Version: firmware},
		},
		Metadata: ocsfMetadata{Product: ocsfProduct{Name: m.name, Vendor: m.vendor}, Version: "1.8.0"},
	})
}

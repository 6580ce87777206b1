package ingest

import (
	"github.com/cordon-iot/cordon/services/ingest/eve"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/native"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// format is one way of saying what happened. Each has a raw topic.
type format struct {
	name    string // as in cordon.Formats
	version string // of its mapping
	mapper  func(field.Names) mapper
}

func formats() []format {
	return []format{
		{"zeek", zeek.Version, func(n field.Names) mapper { return zeek.NewMapper(n) }},
		{"eve", eve.Version, func(n field.Names) mapper { return eve.NewMapper(n) }},
		{"ocsf", native.Version, func(n field.Names) mapper { return native.NewMapper(n) }},
	}
}

package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Drops decides by the rule of ingest itself which records of one format it
// leaves out because they say nothing about a device. From every other record
// follows an event or a refusal. It is for one goroutine.
type Drops struct {
	mapper mapper
	report report.Report
}

// NewDrops returns the Drops of a format, named as in cordon.Formats.
func NewDrops(format string) (*Drops, error) {
	for _, f := range formats() {
		if f.name == format {
			return &Drops{mapper: f.mapper(unmeasured())}, nil
		}
	}
	return nil, fmt.Errorf("unknown format %q: want %s", format, strings.Join(cordon.Formats(), ", "))
}

// Of reports whether r is left out, and as which kind of record.
func (d *Drops) Of(r cordon.Record) (kind string, ok bool) {
	d.report.Reset()
	var drop report.Drop
	ok = errors.As(d.mapper.Map(r, &d.report), &drop)
	return string(drop), ok
}

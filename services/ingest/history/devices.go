package history

import (
	"maps"
	"slices"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// devices makes rows of the table devices.
type devices struct {
	blk *column.Block

	id, name, serial                      column.String
	since, logged                         column.Int64
	firstSeen, certNotAfter, supportUntil column.Int64
	kind, vendor, model, firmware         column.Words
	zone, site, owner                     column.Words
	protected, managed, retired           column.UInt8
	macs, addresses, sensors              column.Strings
	labels                                column.Map
	position                              position
}

func newDevices() rows {
	d := &devices{}
	d.blk = column.NewBlock(append([]column.Column{
		{Name: "device_id", Type: text, Data: &d.id},
		{Name: "since", Type: millis, Data: &d.since},
		{Name: "logged", Type: millis, Data: &d.logged},
		{Name: "name", Type: text, Data: &d.name},
		{Name: "device_type", Type: words, Data: &d.kind},
		{Name: "vendor", Type: words, Data: &d.vendor},
		{Name: "model", Type: words, Data: &d.model},
		{Name: "firmware", Type: words, Data: &d.firmware},
		{Name: "serial", Type: text, Data: &d.serial},
		{Name: "zone", Type: words, Data: &d.zone},
		{Name: "site", Type: words, Data: &d.site},
		{Name: "owner", Type: words, Data: &d.owner},
		{Name: "protected", Type: "Bool", Data: &d.protected},
		{Name: "managed", Type: "Bool", Data: &d.managed},
		{Name: "retired", Type: "Bool", Data: &d.retired},
		{Name: "macs", Type: "Array(String)", Data: &d.macs},
		{Name: "addresses", Type: "Array(String)", Data: &d.addresses},
		{Name: "sensors", Type: "Array(String)", Data: &d.sensors},
		{Name: "first_seen", Type: millis, Data: &d.firstSeen},
		{Name: "cert_not_after", Type: millis, Data: &d.certNotAfter},
		{Name: "support_until", Type: millis, Data: &d.supportUntil},
		{Name: "labels", Type: "Map(LowCardinality(String), String)", Data: &d.labels},
	}, d.position.columns()...)...)
	return d
}

func (d *devices) block() *column.Block  { return d.blk }
func (d *devices) begin([]cordon.Record) {}

func (d *devices) add(r cordon.Record) error {
	x, err := deviceOf(r)
	if err != nil {
		return &refusal{reasonBody, err}
	}
	d.id.Append(string(x.ID))
	d.since.Append(milli(x.Since))
	d.logged.Append(milli(r.Time))
	d.name.Append(x.Name)
	d.kind.Append(x.Type)
	d.vendor.Append(x.Vendor)
	d.model.Append(x.Model)
	d.firmware.Append(x.Firmware)
	d.serial.Append(x.Serial)
	d.zone.Append(x.Zone)
	d.site.Append(x.Site)
	d.owner.Append(x.Owner)
	d.protected.Append(bit(x.Protected))
	d.managed.Append(bit(x.Managed))
	d.retired.Append(bit(x.Retired))
	d.macs.Append(x.MACs)
	d.addresses.Append(x.Addresses)
	d.sensors.Append(x.Sensors)
	d.firstSeen.Append(milli(x.FirstSeen))
	d.certNotAfter.Append(milli(x.CertNotAfter))
	d.supportUntil.Append(milli(x.SupportUntil))
	for _, k := range slices.Sorted(maps.Keys(x.Labels)) {
		d.labels.Keys.Append(k)
		d.labels.Values.Append(x.Labels[k])
	}
	d.position.add(r.Position)
	d.blk.End()
	return nil
}

// deviceOf is cordon.DeviceOf, except that a key without a value, by which Kafka
// deletes from a compacted topic, is a device that is no longer there.
func deviceOf(r cordon.Record) (cordon.Device, error) {
	if len(r.Value) == 0 && r.Key != "" {
		return cordon.Device{ID: cordon.DeviceID(r.Key), Since: r.Time, Retired: true}, nil
	}
	return cordon.DeviceOf(r)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

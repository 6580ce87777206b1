package inventory

import (
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
)

// columns is d as events carry it: what policies and dashboards tell devices
// apart by. The owner and the serial number stay in the inventory, where they
// can be looked up; events need not repeat personal data.
func columns(d cordon.Device) ocsf.Device {
	c := ocsf.Device{
		UID: string(d.ID), Name: d.Name, Type: d.Type, TypeID: typeID(d.Type),
		VendorName: d.Vendor, Model: d.Model, Zone: d.Zone, Region: d.Site,
		IsManaged: ocsf.Some(d.Managed),
	}
	if d.Firmware != "" {
		c.OS = &ocsf.OS{Name: "firmware", TypeID: ocsf.OSTypeOther, Version: d.Firmware}
	}
	if !d.FirstSeen.IsZero() {
		c.FirstSeenTime = d.FirstSeen.UnixMilli()
	}
	return c
}

// typeID is OCSF's number for the kinds it knows. All other things in the
// inventory are things; the text says which.
func typeID(kind string) int {
	switch strings.ToLower(kind) {
	case "server":
		return ocsf.DeviceTypeServer
	case "desktop", "workstation":
		return ocsf.DeviceTypeDesktop
	case "laptop":
		return ocsf.DeviceTypeLaptop
	case "tablet":
		return ocsf.DeviceTypeTablet
	case "mobile", "phone":
		return ocsf.DeviceTypeMobile
	case "firewall":
		return ocsf.DeviceTypeFirewall
	case "switch":
		return ocsf.DeviceTypeSwitch
	case "router", "gateway":
		return ocsf.DeviceTypeRouter
	}
	return ocsf.DeviceTypeIOT
}

package profile

import (
	"strings"
	"testing"
)

// small is a profile with one class; the marks are replaced by tests.
const small = `version: 1.0.0
ocsf: 1.8.0
categories:
  network: {uid: 4, caption: Network}
enumerations:
  level: {go: Level, values: {0: Unknown, 1: Low}}
attributes:
  class_uid: {type: integer_t, data: public, text: Class.}
  device: {type: device, text: Device.}
  ip: {type: ip_t, data: personal, text: Address.}
  level_id: {type: integer_t, enum: level, data: public, text: Level.}
  unmapped: {type: object, text: Rest.}
objects:
  device:
    text: A device.
    at_least_one: [ip]
    attributes:
      ip: recommended
      level_id: {require: required, text: Its level.}
base:
  class_uid: required
  unmapped: optional
classes:
  flow:
    uid: 4001
    category: network
    caption: Flow
    text: A flow.
    attributes:
      device: recommended
unmapped:
  x_key: {type: string_t, data: public, text: X.}
columns:
  events:
    - {name: addr, path: device.ip}
    - {name: x, path: unmapped.x_key}
    - {name: own, data: public, text: Own.}
`

func TestParse(t *testing.T) {
	m, err := Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	level := m.At("device.level_id")
	if level == nil || !level.Required() || level.Text != "Its level." || level.Enum.Constant(1) != "LevelLow" {
		t.Errorf("device.level_id = %+v; want what the object overrides on top of what the name means", level)
	}
	if c := m.Tables[0].Columns[0]; c.Text != "Address." || c.Data != "personal" {
		t.Errorf("column addr = %+v; want meaning and data class of device.ip", c)
	}
	if a := m.At("device.nothing"); a != nil {
		t.Errorf("At(device.nothing) = %+v; want nil", a)
	}
	if a := m.Event.Find("class_uid"); a == nil || !a.Required() {
		t.Errorf("class_uid of the union = %+v; want required as in the base", a)
	}
	if a := m.Event.Find("device"); a == nil || a.Required() {
		t.Errorf("device of the union = %+v; want optional", a)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "    caption: Flow", "    captain: Flow", []string{`unknown field "captain"`, "captain: Flow"}},
		{"duplicate key", "  ip: {type", "  device: {type", []string{"already defined"}},
		{"broken YAML", "values: {0", "values: {{0", []string{"profile: ["}},
		{"unknown attribute", "      ip: recommended", "      ip: recommended\n      port: optional", []string{"$.objects.device.attributes.port", "is not in $.attributes", "port: optional"}},
		{"unknown type", "type: ip_t", "type: ipp_t", []string{`there is no type or object "ipp_t"`}},
		{"unknown enumeration", "enum: level", "enum: leveling", []string{`there is no enumeration "leveling"`}},
		{"unknown data class", "data: personal", "data: private", []string{`data is "private"`, "public, operational, personal, secret"}},
		{"no text", "text: Address.", "text: ''", []string{"needs a text"}},
		{"unknown requirement", "      ip: recommended", "      ip: sometimes", []string{`require is "sometimes"`, "ip: sometimes"}},
		{"object without text", "    text: A device.\n", "", []string{"$.objects.device", "needs a text"}},
		{"constraint on nothing", "at_least_one: [ip]", "at_least_one: [mac]", []string{"mac is not one of its attributes"}},
		{"class outside its category", "uid: 4001", "uid: 5001", []string{`uid 5001 is not in category "network"`}},
		{"column of nothing", "path: device.ip", "path: device.mac", []string{"$.columns.events[0]", "there is no attribute device.mac"}},
		{"column without meaning", "data: public, text: Own.", "data: public", []string{"needs a name and either"}},
		{"enumeration without values", "{go: Level, values: {0: Unknown, 1: Low}}", "{go: Level}", []string{"$.enumerations.level", "needs go"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(small, c.old) {
				t.Fatalf("the profile has no %q", c.old)
			}
			_, err := Parse([]byte(strings.Replace(small, c.old, c.new, 1)))
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Parse = %v; want an error that says %q", err, want)
				}
			}
		})
	}
}

func TestGoName(t *testing.T) {
	for in, want := range map[string]string{
		"src_endpoint": "SrcEndpoint", "class_uid": "ClassUID", "ip": "IP", "ja3s_hash": "JA3SHash", "flag_ids": "FlagIDs",
		"intermediate_ips": "IntermediateIPs", "http_request": "HTTPRequest", "device_hw_info": "DeviceHWInfo", "sans": "SANs",
	} {
		if got := GoName(in); got != want {
			t.Errorf("GoName(%q) = %s; want %s", in, got, want)
		}
	}
}

func TestConstant(t *testing.T) {
	e := Enum{
		Go:     "X",
		Values: map[int]string{1: "No Action", 2: "SHA-512/224", 3: "Learning (ML/DL)", 4: "macOS", 5: "iOS file system altered"},
		Names:  map[int]string{3: "Learning"},
	}
	for v, want := range map[int]string{1: "XNoAction", 2: "XSHA512224", 3: "XLearning", 4: "XMacOS", 5: "XIOSFileSystemAltered"} {
		if got := e.Constant(v); got != want {
			t.Errorf("Constant(%d) = %s; want %s", v, got, want)
		}
	}
}

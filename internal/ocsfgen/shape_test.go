package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// edited reads the real profile after replacing old by new in it.
func edited(t *testing.T, old, new string) *profile.Model {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(testdata.Root(), source))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(src), old) {
		t.Fatalf("the profile has no %q", old)
	}
	m, err := profile.Parse([]byte(strings.Replace(string(src), old, new, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestShapeBreaks(t *testing.T) {
	old := shapeOf(edited(t, "version: 1.0.0", "version: 1.0.0"))
	for _, c := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", "version: 1.0.0", "version: 1.1.0", nil},
		{"new field", "      boot_uid: optional\n", "      boot_uid: optional\n      uid_alt2: {require: optional, type: string_t, data: public, text: x}\n", nil},
		{"new required field of an old object", "      boot_uid: optional\n", "      boot_uid: optional\n      x: {require: required, type: string_t, data: public, text: x}\n", []string{"device.x required is new"}},
		{"new value", "values: {0: Unknown, 1: Low, 2: Medium, 3: High, 99: Other}", "values: {0: Unknown, 1: Low, 2: Medium, 3: High, 4: Sure, 99: Other}", nil},
		{"new key of unmapped", "  conn_vlan_inner:", "  conn_x: {type: string_t, data: public, text: x}\n  conn_vlan_inner:", nil},
		{"text", "text: When the device last started.", "text: When it last started.", nil},
		{"data class", "boot_time: {type: timestamp_t, data: operational", "boot_time: {type: timestamp_t, data: public", nil},
		{"field gone", "      boot_uid: optional\n", "", []string{"device.boot_uid is gone; it was string_t"}},
		{"key of unmapped gone", "  dns_rejected: {type: boolean_t, data: operational, text: Server refused the question.}\n", "", []string{"unmapped.dns_rejected is gone; it was boolean_t"}},
		{"field of another type", "boot_uid: {type: string_t", "boot_uid: {type: integer_t", []string{"device.boot_uid is integer_t; it was string_t"}},
		{"field is a list now", "boot_uid: {type: string_t", "boot_uid: {type: string_t, array: true", []string{"device.boot_uid is list of string_t; it was string_t"}},
		{"value gone", "2: Medium, 3: High, 99: Other}", "2: Medium, 99: Other}", []string{"confidence=3 is gone; it was High"}},
		{"value renamed", "values: {0: Unknown, 1: Low, 2: Medium, 3: High, 99: Other}", "values: {0: Unknown, 1: Low, 2: Middle, 3: High, 99: Other}", []string{"confidence=2 is Middle; it was Medium"}},
		{"requirement relaxed", "direction_id: required", "direction_id: optional", nil},
		{"requirement added", "      boot_uid: optional\n", "      boot_uid: required\n", []string{"device.boot_uid required is new"}},
		{"class of another number", "uid: 4014", "uid: 4015", []string{"class tunnel_activity is 4015; it was 4014"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shapeOf(edited(t, c.old, c.new)).breaks(old)); diff != "" {
				t.Errorf("breaks (-want +got):\n%s", diff)
			}
		})
	}
}

// TestShapeFileRefuses checks that a generator run cannot paper over a break.
func TestShapeFileRefuses(t *testing.T) {
	root := t.TempDir()
	old := edited(t, "version: 1.0.0", "version: 1.0.0")
	record(t, root, old)
	broken := edited(t, "      boot_uid: optional\n", "")
	_, err := shapeFile(open(t, root), broken)
	want := "raise the major version, or take back\n  device.boot_uid is gone; it was string_t"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("shapeFile = %v; want an error that says %q", err, want)
	}
	broken.Version = "2.0.0"
	if f, err := shapeFile(open(t, root), broken); err != nil || f.path != "schemas/compat/v2.json" {
		t.Errorf("shapeFile of version 2.0.0 = %q, %v; want schemas/compat/v2.json", f.path, err)
	}
}

func record(t *testing.T, root string, m *profile.Model) {
	t.Helper()
	b, err := json.Marshal(shapeOf(m))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, shapePath(m))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

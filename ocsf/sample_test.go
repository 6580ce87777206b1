package ocsf

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func classes() []int {
	return []int{
		ClassProcessActivity, ClassPeripheralActivity, ClassDetectionFinding, ClassAuthentication, ClassNetworkActivity,
		ClassHTTPActivity, ClassDNSActivity, ClassDHCPActivity, ClassSSHActivity, ClassTunnelActivity, ClassInventoryInfo,
		ClassPatchState, ClassDeviceConfigStateChange, ClassSoftwareInfo, ClassNetworkRemediationActivity,
	}
}

// sample is an event of a class that is rich in fields.
func sample(t testing.TB, class int) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", strconv.Itoa(class)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		t.Fatal(err)
	}
	return compact.String()
}

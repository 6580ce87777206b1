package load

import (
	"fmt"
	"os"
	"path/filepath"
)

// Policies are those that a run finds with, by their place in the folder of
// policies. Together they notice an event that is lost, repeated or out of its
// order: the count of a device's events stands in their findings.
func Policies() map[string]string {
	return map[string]string{
		"chaos/tenth/policy.rego":  tenth,
		"chaos/telnet/policy.rego": telnet,
	}
}

// WritePolicies writes them below dir.
func WritePolicies(dir string) error {
	for name, text := range Policies() {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("policy %s: %w", name, err)
		}
	}
	return nil
}

const tenth = `# METADATA
# title: Every tenth connection
# description: Says which one it was, and how much the device has sent so far.
# custom:
#   id: CRD-9101
#   status: stable
#   severity: low
#   response: alert
#   attack: [T1071]
#   windows:
#     connections: {kind: count, by: [input.device.uid], over: 24h}
#     sent: {kind: sum, of: input.traffic.bytes_out, by: [input.device.uid], over: 24h}
#   false_positives: None; it is for tests.
#   next_steps: None.
package policies.chaos.tenth

observe contains "connections" if input.class_uid == 4001

observe contains "sent" if input.class_uid == 4001

findings contains {"summary": "tenth", "evidence": evidence, "key": sprintf("%d", [n])} if {
	n := input.windows.connections.count
	n % 10 == 0
	evidence := {"connections": n, "sent": input.windows.sent.sum, "uid": input.connection_info.uid}
}
`

const telnet = `# METADATA
# title: Telnet
# description: Each connection to port 23.
# custom:
#   id: CRD-9102
#   status: stable
#   severity: high
#   response: quarantine
#   attack: [T1021]
#   false_positives: None; it is for tests.
#   next_steps: None.
package policies.chaos.telnet

findings contains {"summary": "telnet", "evidence": {"uid": input.connection_info.uid}} if {
	input.class_uid == 4001
	input.dst_endpoint.port == 23
}
`

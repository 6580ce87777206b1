package ingest

import "github.com/cordon-iot/cordon/ocsf"

// className is the class in the words of the log: cordon.event.<name>.
func className(class int) string {
	switch class {
	case ocsf.ClassNetworkActivity:
		return "network_activity"
	case ocsf.ClassDNSActivity:
		return "dns_activity"
	case ocsf.ClassHTTPActivity:
		return "http_activity"
	case ocsf.ClassDHCPActivity:
		return "dhcp_activity"
	case ocsf.ClassSSHActivity:
		return "ssh_activity"
	case ocsf.ClassTunnelActivity:
		return "tunnel_activity"
	case ocsf.ClassAuthentication:
		return "authentication"
	case ocsf.ClassProcessActivity:
		return "process_activity"
	case ocsf.ClassPeripheralActivity:
		return "peripheral_activity"
	case ocsf.ClassInventoryInfo:
		return "inventory_info"
	case ocsf.ClassPatchState:
		return "patch_state"
	case ocsf.ClassDeviceConfigStateChange:
		return "device_config_state_change"
	case ocsf.ClassSoftwareInfo:
		return "software_info"
	case ocsf.ClassDetectionFinding:
		return "detection_finding"
	case ocsf.ClassNetworkRemediationActivity:
		return "network_remediation_activity"
	}
	return "unknown"
}

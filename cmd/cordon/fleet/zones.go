package fleet

// zone is a part of the site with one kind of device.
type zone struct {
	name   string
	prefix string // of device ids
	share  int    // devices of a thousand
	net    int    // second byte of its addresses, 10.net.0.0/16
	kind   string // device type
	model  model
}

type model struct{ vendor, name, firmware string }

func zones() []zone {
	return []zone{
		{"cctv", "cam", 400, 20, "camera", model{"Ostra", "Ostra V4 dome", "4.11.2"}},
		{"hvac", "hvac", 250, 30, "thermostat", model{"Boreal", "Boreal AirNode 20", "2.8.0"}},
		{"badge", "badge", 200, 40, "badge reader", model{"Pforte", "Pforte R3", "7.1.5"}},
		{"plc", "plc", 100, 50, "plc", model{"Kessel", "Kessel K-1200", "3.0.9"}},
		{"guest", "guest", 50, 60, "media player", model{"Lumio", "Lumio Stick", "11.4"}},
	}
}

// Zone is how many devices one zone has.
type Zone struct {
	Name    string
	Devices int
}

// server is a machine that devices of the site talk to. Servers are in the
// inventory too, and protected: no policy alone contains them.
type server struct{ id, addr string }

const serverZone = "core"

const (
	dnsServer  = "10.0.0.53"
	ntpServer  = "10.0.0.123"
	recorder   = "10.0.0.20"
	hvacServer = "10.0.0.30"
	doorServer = "10.0.0.40"
	operator   = "10.0.0.50" // the station that reads and writes the controllers
	jumpHost   = "10.0.0.22"
	mqttBroker = "10.0.0.18"
)

func servers() []server {
	return []server{
		{"srv-dns", dnsServer}, {"srv-ntp", ntpServer}, {"srv-recorder", recorder}, {"srv-hvac", hvacServer},
		{"srv-doors", doorServer}, {"srv-operator", operator}, {"srv-jump", jumpHost}, {"srv-mqtt", mqttBroker},
	}
}

package ingest

import "github.com/cordon-iot/cordon"

// Group is the consumer group that reads one raw format. All groups of cordon
// are <prefix>cordon.<service>, with a part where a service has several.
func Group(t cordon.Topics, format string) string { return t.Prefix + "cordon.ingest." + format }

// Groups are the consumer groups of all formats.
func Groups(t cordon.Topics) []string {
	var all []string
	for _, f := range formats() {
		all = append(all, Group(t, f.name))
	}
	return all
}

package history

import "github.com/cordon-iot/cordon/services/ingest/history/column"

// attribute is a column of events that comes from the body. Of several paths
// the one that is met first fills it; the values of the others go to attrs.
type attribute struct {
	name, kind string
	paths      []string
}

// Kinds of columns, as ClickHouse spells their type.
const (
	addr = "IPv6"
	u8   = "UInt8"
	u16  = "UInt16"
	u64  = "UInt64"
)

// attributes are the columns of events that come from the body.
func attributes() []attribute {
	return []attribute{
		{"logged_time", millis, []string{"metadata.logged_time"}},
		{"zone", words, []string{"device.zone"}},
		{"device_type", words, []string{"device.type"}},
		{"device_name", words, []string{"device.name"}},
		{"vendor", words, []string{"device.vendor_name"}},
		{"model", words, []string{"device.model"}},
		{"firmware", words, []string{"device.os.version"}},
		{"activity_id", u8, []string{"activity_id"}},
		{"severity", severity, []string{"severity_id"}},
		{"status_id", u8, []string{"status_id"}},
		{"action_id", u8, []string{"action_id"}},
		{"disposition_id", u8, []string{"disposition_id"}},
		{"log", words, []string{"metadata.log_name"}},
		{"src_ip", addr, []string{"src_endpoint.ip"}},
		{"src_port", u16, []string{"src_endpoint.port"}},
		{"src_mac", words, []string{"src_endpoint.mac"}},
		{"src_zone", words, []string{"src_endpoint.zone"}},
		{"src_device_id", words, []string{"src_endpoint.uid"}},
		{"dst_ip", addr, []string{"dst_endpoint.ip"}},
		{"dst_port", u16, []string{"dst_endpoint.port"}},
		{"dst_mac", words, []string{"dst_endpoint.mac"}},
		{"dst_zone", words, []string{"dst_endpoint.zone"}},
		{"dst_device_id", words, []string{"dst_endpoint.uid"}},
		{"proto", words, []string{"connection_info.protocol_name"}},
		{"app", words, []string{"app_name"}},
		{"direction_id", u8, []string{"connection_info.direction_id"}},
		{"connection_uid", text, []string{"connection_info.uid"}},
		{"tcp_history", words, []string{"connection_info.flag_history"}},
		{"bytes_in", u64, []string{"traffic.bytes_in"}},
		{"bytes_out", u64, []string{"traffic.bytes_out"}},
		{"packets_in", u64, []string{"traffic.packets_in"}},
		{"packets_out", u64, []string{"traffic.packets_out"}},
		{"duration_ms", u64, []string{"duration"}},
		{"domain", words, []string{"query.hostname", "http_request.url.hostname", "tls.sni", "url.hostname"}},
		{"url_path", text, []string{"http_request.url.path", "url.path"}},
		{"user_name", words, []string{"user.name", "actor.user.name"}},
	}
}

// column makes the column of a and binds its paths below root to it.
func (a attribute) column(root *node) column.Column {
	data, set := store(a.kind)
	for _, path := range a.paths {
		n := root.at(path)
		n.set, n.rows = set, data.Rows
	}
	return column.Column{Name: a.name, Type: a.kind, Data: data}
}

// store is a new column of a kind, and what appends to it.
func store(kind string) (column.Data, setter) {
	switch kind {
	case words:
		c := &column.Words{}
		return c, setWord(c)
	case millis:
		c := &column.Int64{}
		return c, setMilli(c)
	case severity:
		c := &column.Int8{}
		return c, setSeverity(c)
	case addr:
		c := &column.Addrs{}
		return c, setAddr(c)
	case u8:
		c := &column.UInt8{}
		return c, setInt(c)
	case u16:
		c := &column.UInt16{}
		return c, setInt(c)
	case u64:
		c := &column.UInt64{}
		return c, setInt(c)
	}
	c := &column.String{}
	return c, setText(c)
}

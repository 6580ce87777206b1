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
	addr    = "IPv6"
	boolean = "Bool"
	u8      = "UInt8"
	u16     = "UInt16"
	u64     = "UInt64"
)

// attributes are the columns of events that come from the body.
func attributes() []attribute {
	return []attribute{
		{"logged_time", millis, []string{"metadata.logged_time"}},
		{"zone", words, []string{"device.zone"}},
		{"device_type", words, []string{"device.type"}},
		{"device_type_id", u8, []string{"device.type_id"}},
		{"device_name", words, []string{"device.name"}},
		{"device_ip", addr, []string{"device.ip"}},
		{"device_mac", words, []string{"device.mac"}},
		{"vendor", words, []string{"device.vendor_name"}},
		{"model", words, []string{"device.model"}},
		{"firmware", words, []string{"device.os.version"}},
		{"os", words, []string{"device.os.name"}},
		{"os_type_id", u8, []string{"device.os.type_id"}},
		{"managed", boolean, []string{"device.is_managed"}},
		{"activity_id", u8, []string{"activity_id"}},
		{"severity", severity, []string{"severity_id"}},
		{"status_id", u8, []string{"status_id"}},
		{"action_id", u8, []string{"action_id"}},
		{"disposition_id", u8, []string{"disposition_id"}},
		{"sensor", words, []string{"metadata.log_provider"}},
		{"product", words, []string{"metadata.product.name"}},
		{"product_vendor", words, []string{"metadata.product.vendor_name"}},
		{"log", words, []string{"metadata.log_name"}},
		{"auth", words, []string{"unmapped.cordon_auth"}},
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
		{"proto_num", u8, []string{"connection_info.protocol_num"}},
		{"ip_version", u8, []string{"connection_info.protocol_ver_id"}},
		{"app", words, []string{"app_name", "app_protocol_name"}},
		{"direction_id", u8, []string{"connection_info.direction_id"}},
		{"boundary_id", u8, []string{"connection_info.boundary_id"}},
		{"connection_uid", text, []string{"connection_info.uid"}},
		{"tcp_history", words, []string{"connection_info.flag_history"}},
		{"conn_state", words, []string{"unmapped.conn_state"}},
		{"bytes_in", u64, []string{"traffic.bytes_in"}},
		{"bytes_out", u64, []string{"traffic.bytes_out"}},
		{"bytes", u64, []string{"traffic.bytes"}},
		{"ip_bytes_in", u64, []string{"unmapped.conn_resp_ip_bytes"}},
		{"ip_bytes_out", u64, []string{"unmapped.conn_orig_ip_bytes"}},
		{"packets_in", u64, []string{"traffic.packets_in"}},
		{"packets_out", u64, []string{"traffic.packets_out"}},
		{"packets", u64, []string{"traffic.packets"}},
		{"duration_ms", u64, []string{"duration"}},
		{"domain", words, []string{"query.hostname", "http_request.url.hostname", "tls.sni", "url.hostname"}},
		{"url_path", text, []string{"http_request.url.path", "url.path"}},
		{"user_agent", words, []string{"http_request.user_agent"}},
		{"dns_type", words, []string{"query.type"}},
		{"user_name", words, []string{"user.name", "actor.user.name"}},
	}
}

// column makes the column of a and binds its paths below root to it.
func (a attribute) column(root *node) column.Column {
	f := store(a.kind)
	for _, path := range a.paths {
		n := root.at(path)
		n.set, n.rows = f.set, f.data.Rows
		if len(a.paths) > 1 {
			n.same = f.same
		}
	}
	return column.Column{Name: a.name, Type: a.kind, Data: f.data}
}

// filled is a column and what fills it from a body.
type filled struct {
	data column.Data
	set  setter
	same setter // reports whether the newest value is v; nil: cannot tell
}

// store is a new column of a kind.
func store(kind string) filled {
	switch kind {
	case words:
		c := &column.Words{}
		return filled{c, setWord(c), sameWord(c)}
	case millis:
		c := &column.Int64{}
		return filled{c, setMilli(c), nil}
	case severity:
		c := &column.Int8{}
		return filled{c, setSeverity(c), nil}
	case addr:
		c := &column.Addrs{}
		return filled{c, setAddr(c), nil}
	case boolean:
		c := &column.UInt8{}
		return filled{c, setBool(c), nil}
	case u8:
		c := &column.UInt8{}
		return filled{c, setInt(c), nil}
	case u16:
		c := &column.UInt16{}
		return filled{c, setInt(c), nil}
	case u64:
		c := &column.UInt64{}
		return filled{c, setInt(c), nil}
	}
	c := &column.String{}
	return filled{c, setText(c), nil}
}

package eve

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// mqtt is one control packet, or a request with its acknowledgement. Messages
// and passwords are fields of it that are never kept.
type mqtt struct {
	seen                          packets
	clientID, protocol, user      string
	willTopic, topic              string
	version, qos, messageID, code ocsf.Opt[int64]
	dup, retain                   ocsf.Opt[bool]
	asked, askedQoS               string
	topics, levels                []string
}

// packets are the kinds of packet of a record.
type packets struct {
	connect, connack, publish, subscribe, suback, unsubscribe, disconnect, other bool
}

func (m *mqtt) table() field.Table {
	common := func(more field.Table) field.Table {
		t := field.Table{
			"qos":         field.Int(&m.qos),
			"retain":      field.Bool(&m.retain),
			"dup":         field.Bool(&m.dup),
			"message_id":  field.Int(&m.messageID),
			"reason_code": field.Int(&m.code),
			"return_code": field.Int(&m.code),
		}
		for name, f := range more {
			t[name] = f
		}
		return t
	}
	t := field.Table{
		"connect":     m.note(&m.seen.connect, common(m.connectTable())),
		"connack":     m.note(&m.seen.connack, common(nil)),
		"publish":     m.note(&m.seen.publish, common(field.Table{"topic": field.Text(&m.topic)})),
		"subscribe":   m.note(&m.seen.subscribe, common(field.Table{"topics": m.topicList()})),
		"suback":      m.note(&m.seen.suback, field.Table{}),
		"unsubscribe": m.note(&m.seen.unsubscribe, common(field.Table{"topics": field.Texts(&m.topics)})),
		"disconnect":  m.note(&m.seen.disconnect, common(nil)),
	}
	for _, name := range []string{"puback", "pubrec", "pubrel", "pubcomp", "unsuback", "pingreq", "pingresp"} {
		t[name] = m.note(&m.seen.other, field.Table{})
	}
	return t
}

func (m *mqtt) connectTable() field.Table {
	return field.Table{
		"client_id":        field.Text(&m.clientID),
		"protocol_string":  field.Text(&m.protocol),
		"protocol_version": field.Int(&m.version),
		"username":         field.Text(&m.user),
		"will":             field.Object(field.Table{"topic": field.Text(&m.willTopic)}),
	}
}

// note is an object whose presence says which packet it is.
func (m *mqtt) note(seen *bool, inside field.Table) *field.Field {
	return field.Objects(inside, func() { *seen = true })
}

func (m *mqtt) topicList() *field.Field {
	return field.Objects(field.Table{"topic": field.Text(&m.asked), "qos": field.Text(&m.askedQoS)}, func() {
		m.topics = append(m.topics, m.asked)
		m.levels = append(m.levels, m.askedQoS)
		m.asked, m.askedQoS = "", ""
	})
}

func (m *mqtt) clear() { *m = mqtt{topics: m.topics[:0], levels: m.levels[:0]} }

func (e *record) fillMQTT(r *report.Report) {
	m := &e.mqtt
	activity, status := m.outcome()
	e.activity(r, activity, "mqtt")
	r.Result(status)
	r.KeepText("mqtt_client_id", m.clientID)
	r.KeepBool("mqtt_dup", m.dup)
	r.KeepInt("mqtt_message_id", m.messageID)
	r.KeepText("mqtt_proto_name", m.protocol)
	if m.version.Set {
		r.KeepText("mqtt_proto_version", strconv.FormatInt(m.version.Value, 10))
	}
	switch {
	case len(m.levels) > 0:
		r.KeepText("mqtt_qos", report.Commas(m.levels))
	case m.qos.Set:
		r.KeepText("mqtt_qos", strconv.FormatInt(m.qos.Value, 10))
	}
	r.KeepInt("mqtt_reason_code", m.code)
	r.KeepBool("mqtt_retain", m.retain)
	if len(m.topics) > 0 {
		m.topic = report.Commas(m.topics)
	}
	r.KeepText("mqtt_topic", m.topic)
	r.KeepText("mqtt_type", m.seen.name())
	r.KeepText("mqtt_username", m.user)
	r.KeepText("mqtt_will_topic", m.willTopic)
}

// name is the packet that matters most of those in the record.
func (p packets) name() string {
	for _, k := range []struct {
		seen bool
		name string
	}{
		{p.connect, "connect"},
		{p.publish, "publish"},
		{p.subscribe, "subscribe"},
		{p.unsubscribe, "unsubscribe"},
		{p.disconnect, "disconnect"},
		{p.connack, "connack"},
		{p.suback, "suback"},
	} {
		if k.seen {
			return k.name
		}
	}
	return "other"
}

// outcome is what the broker said to a connection: 0 is accepted in every
// version of the protocol. The network connection is open whatever it was.
func (m *mqtt) outcome() (activity, status int) {
	switch {
	case !m.seen.connect && !m.seen.connack:
		return ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown
	case !m.seen.connack || !m.code.Set:
		return ocsf.ActivityNetworkOpen, ocsf.StatusUnknown
	case m.code.Value == 0:
		return ocsf.ActivityNetworkOpen, ocsf.StatusSuccess
	}
	return ocsf.ActivityNetworkOpen, ocsf.StatusFailure
}

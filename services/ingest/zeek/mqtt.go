package zeek

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// mqttConnect is the log of clients that connect to a broker. The payload of
// the last will is a field of it that is never kept.
type mqttConnect struct {
	line
	protoName, protoVersion, clientID, status, willTopic string
}

func newMQTTConnect() *mqttConnect {
	m := &mqttConnect{}
	m.bind("mqtt_connect", field.Table{
		"proto_name":     field.Text(&m.protoName),
		"proto_version":  field.Text(&m.protoVersion),
		"client_id":      field.Text(&m.clientID),
		"connect_status": field.Text(&m.status),
		"will_topic":     field.Text(&m.willTopic),
	})
	return m
}

func (m *mqttConnect) clear() {
	m.line.clear()
	*m = mqttConnect{line: m.line}
}

func (m *mqttConnect) fill(r *report.Report) {
	m.begin(r, ocsf.ActivityNetworkOpen, "connect")
	r.Result(m.outcome())
	r.KeepText("mqtt_client_id", m.clientID)
	r.KeepText("mqtt_connect_status", m.status)
	r.KeepText("mqtt_proto_name", m.protoName)
	r.KeepText("mqtt_proto_version", m.protoVersion)
	r.KeepText("mqtt_will_topic", m.willTopic)
}

// outcome is what the broker answered, in the words of Zeek's mqtt scripts. The
// network connection is open whatever it was.
func (m *mqttConnect) outcome() int {
	switch m.status {
	case "":
		return ocsf.StatusUnknown
	case "Connection Accepted":
		return ocsf.StatusSuccess
	}
	return ocsf.StatusFailure
}

// begin makes r a report of MQTT traffic with that packet.
func (l *line) begin(r *report.Report, activity int, packet string) {
	r.Begin(ocsf.ClassNetworkActivity, activity)
	l.connect(r, "tcp")
	r.App("mqtt")
	r.KeepText("mqtt_type", packet)
}

// mqttPublish is the log of published messages. What they say is a field of it
// that is never kept.
type mqttPublish struct {
	line
	qos, status, topic string
	fromClient, retain ocsf.Opt[bool]
	length             ocsf.Opt[int64]
}

func newMQTTPublish() *mqttPublish {
	m := &mqttPublish{}
	m.bind("mqtt_publish", field.Table{
		"from_client": field.Bool(&m.fromClient),
		"retain":      field.Bool(&m.retain),
		"qos":         field.Text(&m.qos),
		"status":      field.Text(&m.status),
		"topic":       field.Text(&m.topic),
		"payload_len": field.Int(&m.length),
	})
	return m
}

func (m *mqttPublish) clear() {
	m.line.clear()
	*m = mqttPublish{line: m.line}
}

func (m *mqttPublish) fill(r *report.Report) {
	m.begin(r, ocsf.ActivityNetworkTraffic, "publish")
	r.KeepBool("mqtt_from_client", m.fromClient)
	r.KeepInt("mqtt_payload_len", m.length)
	r.KeepText("mqtt_qos", m.qos)
	r.KeepBool("mqtt_retain", m.retain)
	r.KeepText("mqtt_status", m.status)
	r.KeepText("mqtt_topic", m.topic)
}

// mqttSubscribe is the log of subscriptions and their end.
type mqttSubscribe struct {
	line
	action  string
	topics  []string
	levels  []string
	granted ocsf.Opt[int64]
	ack     ocsf.Opt[bool]
}

func newMQTTSubscribe() *mqttSubscribe {
	m := &mqttSubscribe{}
	m.bind("mqtt_subscribe", field.Table{
		"action":            field.Text(&m.action),
		"topics":            field.Texts(&m.topics),
		"qos_levels":        field.Texts(&m.levels),
		"granted_qos_level": field.Int(&m.granted),
		"ack":               field.Bool(&m.ack),
	})
	return m
}

func (m *mqttSubscribe) clear() {
	topics, levels := m.topics[:0], m.levels[:0]
	m.line.clear()
	*m = mqttSubscribe{line: m.line, topics: topics, levels: levels}
}

func (m *mqttSubscribe) fill(r *report.Report) {
	packet := "subscribe"
	if m.action == "MQTT::UNSUBSCRIBE" {
		packet = "unsubscribe"
	}
	m.begin(r, ocsf.ActivityNetworkTraffic, packet)
	r.KeepBool("mqtt_ack", m.ack)
	r.KeepText("mqtt_action", packet)
	r.KeepInt("mqtt_granted_qos", m.granted)
	r.KeepText("mqtt_qos", report.Commas(m.levels))
	r.KeepText("mqtt_topic", report.Commas(m.topics))
}

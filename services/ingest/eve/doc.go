// Package eve reads the events that Suricata writes as EVE JSON.
//
// Alerts, flows, and the application layer of DNS, TLS, HTTP, MQTT and Modbus
// are mapped. Payloads and packets, which EVE can carry, are never kept.
//
// See https://docs.suricata.io/en/latest/output/eve/eve-json-format.html.
package eve

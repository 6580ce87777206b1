// Package ingest turns what sensors and devices send into events.
//
// It reads one raw topic per format. Each record becomes one event, or is
// refused with its bytes and the reason, or, if it says nothing about a device
// at all, is counted and left out:
//
//	raw record ──▶ mapper of its format ──▶ report ──▶ device found and described ──▶ event
//	                     │                                     ▲
//	                     └─▶ rejected                          └── inventory (devices topic)
//
// Mapping is a pure function of the record. Finding the device depends on the
// inventory as of the time of the event and on what earlier records of the
// partition said about addresses.
package ingest

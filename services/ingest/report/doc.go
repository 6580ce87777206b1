// Package report is what every format of ingest is turned into: what a sensor
// or a device said in one raw record, in the words of OCSF, before it is known
// which device it is about.
package report

// Package zeek reads the logs of Zeek, as JSON and as tab-separated text.
//
// Both forms of a log run through one table of fields per log, so that the
// same line gives the same event in either.
//
// # Records
//
// A raw record is one line of one log. A JSON line is self-contained; the name
// of its log is its member _path, or the header zeek-path of the record.
//
// A line of a tab-separated log means nothing without the names of its
// columns, which Zeek writes once at the top of the file. A record must be
// understood alone, whatever partition it went to and whenever it is read
// again, so the names travel with each record, in the header zeek-header: the
// lines of the file's head that begin with #, as they stand, separated by
// newlines. Those that matter are #path and #fields; #separator,
// #set_separator, #empty_field and #unset_field need to be there only where
// they differ from Zeek's defaults. The same lines may instead stand in the
// value above the line. [Lines] makes such records from a file.
package zeek

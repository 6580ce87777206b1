// Package fleet simulates a site: devices in zones, what they do all day, and
// attacks on some of them. It is a pure function of a seed, a start and a
// span: the same three give the same bytes in the same order, whenever and
// wherever they are made.
//
// Traffic comes as sensors and devices report it, Zeek's JSON logs and OCSF
// reports, so that it takes the same way as that of a real site. Every name,
// address and vendor is made up; addresses of the outside are those that RFC
// 5737 sets aside for documentation.
package fleet

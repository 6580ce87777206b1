// Package resolve finds the device that a report is about and completes the
// event with what is known of it.
//
// In this order: the device that the record names itself; a side of the
// connection whose hardware address or address is in the inventory, the source
// first; the device that the sensor watches alone. What remains is a device
// that nobody enrolled. It gets an id that is derived from what identifies it
// best, so that it stays the same device from record to record:
//
//	mac:<hardware address>        where it is known, also from earlier records
//	ip:<sensor>/<address>         of the side that is on the site
//	sensor:<sensor>               where there is neither
//
// Everything is as of the time of the event.
package resolve

package wire

import "encoding/binary"

// HelloQuery is the statement by which clickhouse-go gets to know a server.
const HelloQuery = "SELECT displayName(), version(), revision(), timezone()"

// Revision is reported in the hello. The engine writes Native blocks of
// revision 0 (no block info, no serialisation flags), and a driver decodes
// every block after the hello by the revision it reports.
const Revision = 0

// driverRevisions of the native protocol from which a hello has block info
// and a flag per column.
const (
	revisionBlockInfo     = 51903
	revisionSerialisation = 54454
)

// Hello returns the block that answers HelloQuery for a client of the given
// protocol version.
func Hello(name, version, zone string, client int) []byte {
	var b []byte
	if client >= revisionBlockInfo {
		b = append(b, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0) // not overflowing, bucket -1
	}
	b = append(b, 4, 1) // columns, rows
	column := func(name, typ string) {
		b = appendString(appendString(b, name), typ)
		if client >= revisionSerialisation {
			b = append(b, 0)
		}
	}
	column("displayName()", "String")
	b = appendString(b, name)
	column("version()", "String")
	b = appendString(b, version)
	column("revision()", "UInt32")
	b = binary.LittleEndian.AppendUint32(b, Revision)
	column("timezone()", "String")
	return appendString(b, zone)
}

// Column is a column's name and type.
type Column struct{ Name, Type string }

// Header returns a block of revision 0 without rows. A driver reads column
// names from the first block, so a result without rows needs one.
func Header(columns []Column) []byte {
	b := binary.AppendUvarint(nil, uint64(len(columns)))
	b = append(b, 0)
	for _, c := range columns {
		b = appendString(appendString(b, c.Name), c.Type)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

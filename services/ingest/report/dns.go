package report

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
)

// Rcode says how a lookup ended. Numbers that OCSF does not list are Other; the
// name is kept.
func (r *Report) Rcode(n int64, name string) {
	id := ocsf.RcodeOther
	if n >= 0 && n <= 11 || n >= 16 && n <= 23 {
		id = int(n)
	}
	if name == "" {
		name = "RCODE" + strconv.FormatInt(n, 10)
	}
	r.Event.RcodeID = ocsf.Some(id)
	r.Event.Rcode = name
	r.Result(ocsf.StatusFailure)
	if n == ocsf.RcodeNoError {
		r.Result(ocsf.StatusSuccess)
	}
}

// DNSType is the name of a type of resource record, or TYPE and its number
// (RFC 3597) if it is none of those that devices ask for.
func DNSType(n int64) string {
	switch n {
	case 1:
		return "A"
	case 2:
		return "NS"
	case 5:
		return "CNAME"
	case 6:
		return "SOA"
	case 10:
		return "NULL"
	case 12:
		return "PTR"
	case 15:
		return "MX"
	case 16:
		return "TXT"
	case 28:
		return "AAAA"
	case 32:
		return "NB" // NetBIOS (RFC 1002)
	case 33:
		return "SRV"
	case 35:
		return "NAPTR"
	case 41:
		return "OPT"
	case 43:
		return "DS"
	case 64:
		return "SVCB"
	case 65:
		return "HTTPS"
	case 255:
		return "ANY" // Zeek writes "*"
	}
	return "TYPE" + strconv.FormatInt(n, 10)
}

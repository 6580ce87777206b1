package report

import (
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
)

// Commas joins a list for those attributes that hold one text.
func Commas(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list, ",")
}

// Small is v for attributes that OCSF has as integer_t.
func Small(v ocsf.Opt[int64]) ocsf.Opt[int] { return ocsf.Opt[int]{Value: int(v.Value), Set: v.Set} }

// Sum is a and b together, if both are known.
func Sum(a, b ocsf.Opt[int64]) ocsf.Opt[int64] {
	if !a.Set || !b.Set {
		return ocsf.Opt[int64]{}
	}
	return ocsf.Some(a.Value + b.Value)
}

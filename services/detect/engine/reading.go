package engine

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// reading is the value of a window; which fields count depends on its kind. A
// field that is no finite number has no value.
//
// A rule sees a field as the shortest decimal that means this float64. So a
// comparison with a constant may be made on float64s unless the two are equal
// and the constant has more than 15 digits.
type reading [3]float64

// empty is what a key without events reads, and whether it reads at all: zeros,
// but there is no mean of nothing, and nothing has no age.
func (k Kind) empty() (reading, bool) {
	nan := math.NaN()
	switch k {
	case Interval:
		return reading{0, nan, nan}, true
	case EWMA:
		return reading{nan, nan, 0}, true
	case Count, Distinct, Sum, Rate:
		return reading{}, true
	}
	return reading{}, false
}

// field returns the i-th field of r, nil for one that has no value.
func (r reading) field(i int) *ast.Term {
	f := r[i]
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return ast.InternedTerm(int64(f))
	}
	return ast.NumberTerm(json.Number(strconv.FormatFloat(f, 'f', -1, 64)))
}

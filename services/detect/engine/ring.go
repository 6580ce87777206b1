package engine

// mostSums is how many numbers one sub-bucket of any kind has at the most.
const mostSums = 3

// ring holds the sub-buckets of one window: the newest is head, the oldest
// head-width+1. What is older is forgotten.
type ring struct {
	used bool
	head int64
	sums []float64 // frame.sums for each sub-bucket
}

func newRing(f *frame) ring { return ring{sums: make([]float64, int(f.width)*f.sums)} }

func (r *ring) bytes() int { return 8 * (6 + len(r.sums)) }

// at returns the sums of bucket b, or nil when b is forgotten.
func (r *ring) at(f *frame, b int64) []float64 {
	switch {
	case !r.used || b-r.head >= f.width:
		clear(r.sums)
		r.used, r.head = true, b
	case r.head-b >= f.width:
		return nil
	}
	for ; r.head < b; r.head++ {
		clear(r.bucket(f, r.head+1))
	}
	return r.bucket(f, b)
}

// bucket is where b is, or what had its place before.
func (r *ring) bucket(f *frame, b int64) []float64 {
	i := int(floorMod(b, f.width)) * f.sums
	return r.sums[i : i+f.sums : i+f.sums]
}

// span returns the oldest and the newest bucket of the window that ends with
// bucket b; false if it is forgotten. Where there is none, the newest is older
// than the oldest.
func (r *ring) span(f *frame, b int64) (from, to int64, ok bool) {
	switch {
	case !r.used || b-r.head >= f.width:
		return 0, -1, true
	case r.head-b >= f.width:
		return 0, -1, false
	}
	return max(b, r.head) - f.width + 1, min(b, r.head), true
}

// total sums the window that ends with bucket b, from the oldest bucket to the
// newest; false if it is forgotten.
func (r *ring) total(f *frame, b int64) (sum [mostSums]float64, ok bool) {
	from, to, ok := r.span(f, b)
	if from > to {
		return sum, ok
	}
	i := int(floorMod(from, f.width)) * f.sums
	for ; from <= to; from++ {
		for j, v := range r.sums[i : i+f.sums] {
			sum[j] += v
		}
		if i += f.sums; i == len(r.sums) {
			i = 0
		}
	}
	return sum, ok
}

func floorMod(a, n int64) int64 {
	m := a % n
	if m < 0 {
		m += n
	}
	return m
}

// save writes the buckets that hold something, by their age.
func (r *ring) save(w *stateWriter) {
	w.bool(r.used)
	if !r.used {
		return
	}
	w.number(r.head)
	filled := 0
	for _, v := range r.sums {
		if v != 0 {
			filled++
		}
	}
	w.count(filled)
	for i, v := range r.sums {
		if v == 0 {
			continue
		}
		w.count(i)
		w.float(v)
	}
	w.room()
}

func (r *ring) load(from *stateReader, _ *frame) {
	if r.used = from.bool(); !r.used {
		return
	}
	r.head = from.number()
	for range from.count(len(r.sums)) {
		i := from.count(len(r.sums) - 1)
		r.sums[i] = from.float()
	}
}

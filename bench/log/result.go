package main

import "slices"

// A row is what is known about a variant on a broker after some rounds.
type row struct {
	broker  string
	variant variant
	rounds  []figure
	ratios  []float64 // of per_second to that of the base, round by round
}

// output is a row as it is written to log.json.
type output struct {
	Broker    string  `json:"broker"`
	Variant   string  `json:"variant"`
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"client_cpu_us"`
	Allocs    float64 `json:"allocs"`
	Ratio     float64 `json:"ratio_to_reader"` // writers: to kafka.Writer in the same pattern
}

// label is the variant's name with its codec.
func (v variant) label() string {
	if v.lz4 {
		return v.name + ", lz4"
	}
	return v.name
}

// baseLabel is the label of what v is compared with.
func (v variant) baseLabel() string {
	b := variant{name: v.base, lz4: v.lz4}
	switch {
	case v.base != "":
	case v.read != nil:
		b.name = readerName
	default:
		b.name = v.name
	}
	return b.label()
}

func (r row) output() output {
	f := middle(r.rounds)
	return output{
		Broker: r.broker, Variant: r.variant.label(),
		PerSecond: f.PerSecond, CPU: f.CPU, Allocs: f.Allocs, Ratio: median(r.ratios),
	}
}

// middle is the median of each part.
func middle(fs []figure) figure {
	pick := func(f func(figure) float64) float64 {
		var all []float64
		for _, x := range fs {
			all = append(all, f(x))
		}
		return median(all)
	}
	return figure{
		PerSecond: pick(func(f figure) float64 { return f.PerSecond }),
		CPU:       pick(func(f figure) float64 { return f.CPU }),
		Allocs:    pick(func(f figure) float64 { return f.Allocs }),
	}
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

package ocsf

// pool lends structs of one type and takes all of them back at once.
type pool[T any] struct {
	items []*T
	lent  int
}

func (p *pool[T]) next() *T {
	if p.lent == len(p.items) {
		p.items = append(p.items, new(T))
	}
	p.lent++
	return p.items[p.lent-1]
}

// grow lengthens list by one element, which may hold old content.
func grow[T any](list []T) []T {
	if len(list) < cap(list) {
		return list[:len(list)+1]
	}
	var zero T
	return append(list, zero)
}

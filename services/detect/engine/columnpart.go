package engine

// partKeeper finds clauses by the words that a text contains, by the automaton
// of Aho and Corasick (Efficient string matching: an aid to bibliographic
// search, CACM 18(6), 1975): one step for each byte, whatever the number of
// words.
type partKeeper struct {
	textKeeper
	class   [256]uint8 // bytes that no word has are all 0
	classes int
	next    []int32  // by state and class
	found   []bitset // by state: the clauses whose word ends there; may be nil
}

func newPartKeeper(others bitset, rows []rowAtom) *partKeeper {
	k := &partKeeper{textKeeper: newTextKeeper(others, rows), classes: 1}
	k.classify(rows)
	k.state()
	for _, r := range rows {
		for _, w := range r.atom.words {
			k.add(w, r.clause)
		}
	}
	k.link()
	return k
}

// classify numbers the bytes of all words. There are fewer than 256 of them,
// or the last ones share a number with none.
func (k *partKeeper) classify(rows []rowAtom) {
	for _, r := range rows {
		for _, w := range r.atom.words {
			for i := range len(w) {
				if c := &k.class[w[i]]; *c == 0 && k.classes < 256 {
					*c = uint8(k.classes) //nolint:gosec // below 256
					k.classes++
				}
			}
		}
	}
}

// state adds a state without ways out.
func (k *partKeeper) state() int32 {
	for range k.classes {
		k.next = append(k.next, -1)
	}
	k.found = append(k.found, nil)
	return int32(len(k.found) - 1) //nolint:gosec // as many as the words have bytes
}

func (k *partKeeper) way(state int32, b byte) *int32 {
	return &k.next[int(state)*k.classes+int(k.class[b])]
}

// add makes the way of word.
func (k *partKeeper) add(word string, clause int) {
	at := int32(0)
	for i := range len(word) {
		to := *k.way(at, word[i])
		if to < 0 {
			to = k.state()
			*k.way(at, word[i]) = to
		}
		at = to
	}
	if k.found[at] == nil {
		k.found[at] = make(bitset, len(k.others))
	}
	k.found[at].set(clause)
}

// link completes the automaton: where there is no way on, the longest end of
// what was read that begins a word goes on.
func (k *partKeeper) link() {
	fail := make([]int32, len(k.found))
	todo := []int32{0}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for c := range k.classes {
			way := &k.next[int(at)*k.classes+c]
			back := int32(0)
			if at != 0 {
				back = k.next[int(fail[at])*k.classes+c]
			}
			if *way < 0 {
				*way = max(back, 0)
				continue
			}
			fail[*way] = max(back, 0)
			k.inherit(*way, fail[*way])
			todo = append(todo, *way)
		}
	}
}

// inherit: what ends at the shorter way ends here, too.
func (k *partKeeper) inherit(state, from int32) {
	if k.found[from] == nil {
		return
	}
	if k.found[state] == nil {
		k.found[state] = make(bitset, len(k.others))
	}
	k.found[state].or(k.found[from])
}

func (k *partKeeper) cost() int { return 12 }

func (k *partKeeper) keep(v value, scratch bitset) bitset {
	left, ok := k.start(v, scratch)
	if !ok {
		return left
	}
	at := int32(0)
	if b := k.found[0]; b != nil {
		left.or(b) // the empty word
	}
	for i := range len(v.text) {
		at = *k.way(at, v.text[i])
		if b := k.found[at]; b != nil {
			left.or(b)
		}
	}
	return left
}

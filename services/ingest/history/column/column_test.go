package column

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/go-cmp/cmp"
)

// decode reads a block as a ClickHouse client does.
func decode(t *testing.T, b *Block, into ...proto.ResultColumn) {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var head proto.Block
	r := proto.NewReader(bytes.NewReader(data))
	if err := head.DecodeRawBlock(r, 0, proto.Results(into)); err != nil {
		t.Fatalf("decode %x: %v", data, err)
	}
	if head.Rows != b.Rows() {
		t.Errorf("rows in the block = %d; want %d", head.Rows, b.Rows())
	}
	if _, err := r.ReadByte(); err == nil {
		t.Errorf("bytes after the block")
	}
}

func TestBlock(t *testing.T) {
	var (
		n      UInt16
		at     Int64
		s      String
		w      Words
		a      Addrs
		m      Map
		list   Strings
		b      = NewBlock(Column{"n", "UInt16", &n}, Column{"at", "Int64", &at}, Column{"s", "String", &s}, Column{"w", "LowCardinality(String)", &w}, Column{"a", "IPv6", &a}, Column{"m", "Map(LowCardinality(String), String)", &m}, Column{"list", "Array(String)", &list})
		gotN   proto.ColUInt16
		gotAt  proto.ColInt64
		gotS   proto.ColStr
		gotW   = proto.NewLowCardinality(new(proto.ColStr))
		gotA   proto.ColIPv6
		gotM   = proto.NewMap(proto.NewLowCardinality(new(proto.ColStr)), new(proto.ColStr))
		gotArr = proto.NewArray(new(proto.ColStr))
	)
	for range 2 { // the second time in memory that was used
		b.Reset()
		n.Append(7)
		at.Append(-1)
		s.Append("one")
		w.Append("red")
		a.Append(netip.MustParseAddr("10.0.0.1"))
		m.Keys.Append("k")
		m.Values.AppendBytes([]byte("v"))
		list.Append([]string{"x", "y"})
		b.End()
		b.End() // nothing given
		w.Append("red")
		a.Append(netip.Addr{})
		b.End()
		for _, c := range []proto.Resettable{&gotN, &gotAt, &gotS, gotW, &gotA, gotM, gotArr} {
			c.Reset()
		}
		decode(t, b, proto.ResultColumn{Name: "n", Data: &gotN}, proto.ResultColumn{Name: "at", Data: &gotAt}, proto.ResultColumn{Name: "s", Data: &gotS},
			proto.ResultColumn{Name: "w", Data: gotW}, proto.ResultColumn{Name: "a", Data: &gotA}, proto.ResultColumn{Name: "m", Data: gotM}, proto.ResultColumn{Name: "list", Data: gotArr})
		got := fmt.Sprintf("%v %v %q %q %q %q %v %v %v %v %v %v %v", gotN, gotAt, gotS.Row(0), gotS.Row(1), gotS.Row(2), gotW.Values, gotA, gotM.Row(0), gotM.Row(1), gotM.Row(2), gotArr.Row(0), gotArr.Row(1), gotArr.Row(2))
		want := `[7 0 0] [-1 0 0] "one" "" "" ["red" "" "red"] [::ffff:10.0.0.1 :: ::] map[k:v] map[] map[] [x y] [] []`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decoded block (-want +got):\n%s", diff)
		}
	}
}

func TestEmptyBlock(t *testing.T) {
	var w Words
	var m Map
	gotW, gotM := proto.NewLowCardinality(new(proto.ColStr)), proto.NewMap(proto.NewLowCardinality(new(proto.ColStr)), new(proto.ColStr))
	decode(t, NewBlock(Column{"w", "LowCardinality(String)", &w}, Column{"m", "Map(LowCardinality(String), String)", &m}),
		proto.ResultColumn{Name: "w", Data: gotW}, proto.ResultColumn{Name: "m", Data: gotM})
}

// TestWords: dictionaries of every width, with values that repeat.
func TestWords(t *testing.T) {
	for _, n := range []int{1, 255, 256, 257, 65536, 65537} {
		var w Words
		b := NewBlock(Column{"w", "LowCardinality(String)", &w})
		for i := range n + 10 {
			w.Append(fmt.Sprint("word ", i%n))
			b.End()
		}
		got := proto.NewLowCardinality(new(proto.ColStr))
		decode(t, b, proto.ResultColumn{Name: "w", Data: got})
		for i, v := range got.Values {
			if want := fmt.Sprint("word ", i%n); v != want {
				t.Fatalf("%d words: row %d = %q; want %q", n, i, v, want)
			}
		}
	}
}

// TestWordsCopy: what is appended may be a view of memory that changes.
func TestWordsCopy(t *testing.T) {
	var w Words
	memory := []byte("red")
	w.Append(string(memory))
	copy(memory, "XXX")
	w.Append("blue")
	w.Append("red")
	if got := string(w.Last()); got != "red" || w.dict.Rows() != 2 {
		t.Errorf("Last() = %q in %d words; want red in 2", got, w.dict.Rows())
	}
}

func TestAppendInt(t *testing.T) {
	var u8 UInt8
	var i64 Int64
	var u64 UInt64
	for _, c := range []struct {
		name string
		ok   bool
		want bool
	}{
		{"255 in UInt8", u8.AppendInt(255), true},
		{"256 in UInt8", u8.AppendInt(256), false},
		{"-1 in UInt8", u8.AppendInt(-1), false},
		{"the least in Int64", i64.AppendInt(math.MinInt64), true},
		{"-1 in UInt64", u64.AppendInt(-1), false},
		{"the greatest in UInt64", u64.AppendInt(math.MaxInt64), true},
	} {
		if c.ok != c.want {
			t.Errorf("AppendInt(%s) = %v; want %v", c.name, c.ok, c.want)
		}
	}
	if u8.Rows() != 1 || i64.Rows() != 1 || u64.Rows() != 1 {
		t.Errorf("values = %d, %d, %d; want what was refused to append nothing", u8.Rows(), i64.Rows(), u64.Rows())
	}
}

// TestUnevenBlock: a column that got two values in one row is a mistake of the
// program and no row of it may be sent.
func TestUnevenBlock(t *testing.T) {
	var n UInt8
	b := NewBlock(Column{"n", "UInt8", &n})
	n.Append(1)
	n.Append(2)
	b.End()
	if _, err := b.Encode(); err == nil {
		t.Error("Encode() of 2 values in 1 row = nil; want an error")
	}
}

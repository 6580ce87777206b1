package feed

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 200_000) // more than the buffer holds
	huge := strings.Repeat("y", maxLine+10)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"empty", "", nil},
		{"one without its end", "a", []string{"a"}},
		{"blank lines count", "a\n\nb\n", []string{"a", "", "b"}},
		{"windows", "a\r\nb\r\n", []string{"a", "b"}},
		{"long", long + "\nb\n", []string{long, "b"}},
		{"too long is cut", huge + "\nb\n", []string{huge[:maxLine], "b"}},
		{"bytes stay", "a\x00\xff\n", []string{"a\x00\xff"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			lines := newLineReader(strings.NewReader(c.in))
			for {
				l, err := lines.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(l.Text))
				if l.Number != len(got) || l.Cut != (len(l.Text) == maxLine) {
					t.Errorf("line %d: number %d, cut %v", len(got), l.Number, l.Cut)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%.300s", diff)
			}
		})
	}
}

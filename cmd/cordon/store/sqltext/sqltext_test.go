package sqltext

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	tests := []struct {
		text string
		want []string
		ok   bool
	}{
		{"SELECT 1", []string{"SELECT", "1"}, true},
		{"a-- c\nb # c\nc #! d\n/* x */d", []string{"a", "b", "c", "d"}, true},
		{"a--b", []string{"a"}, true},
		{`'it''s' 'a\'b' "x""y"`, []string{`'it''s'`, `'a\'b'`, `"x""y"`}, true},
		{"`a`.`b c`", []string{"`a`", ".", "`b c`"}, true},
		{"$$a'b$$ $t$x$$y$t$ $1", []string{"$$a'b$$", "$t$x$$y$t$", "$", "1"}, true},
		{"größe=1.5", []string{"größe", "=", "1", ".", "5"}, true},
		{"'open", nil, false},
		{"a /* open", []string{"a"}, false},
		{`'a\`, nil, false},
		{"", nil, true},
	}
	for _, tt := range tests {
		tokens, ok := Tokens(tt.text)
		var got []string
		for _, tok := range tokens {
			got = append(got, tok.Text)
			if tt.text[tok.Start:tok.End] != tok.Text {
				t.Errorf("Tokens(%q): token %q is not at %d:%d", tt.text, tok.Text, tok.Start, tok.End)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("Tokens(%q) ok = %v; want %v (-want +got):\n%s", tt.text, ok, tt.ok, diff)
		}
	}
}

func TestSplitInsert(t *testing.T) {
	tests := []struct {
		text         string
		head, format string
		data         string
		rows         bool
		ok           bool
		err          error
	}{
		{text: "INSERT INTO t FORMAT CSV\n1\n", head: "INSERT INTO t ", format: "CSV", data: "1\n", ok: true},
		{text: "insert into d.t (a, b) format JSONEachRow {}", head: "insert into d.t (a, b) ", format: "JSONEachRow", data: "{}", ok: true},
		{text: "INSERT INTO t FORMAT CSV \t\r\n\n1", head: "INSERT INTO t ", format: "CSV", data: "\n1", ok: true},
		{text: "INSERT INTO t VALUES (1);", head: "INSERT INTO t ", format: "Values", data: " (1);", ok: true},
		{text: "INSERT INTO t SETTINGS a=1 FORMAT Native", head: "INSERT INTO t SETTINGS a=1 ", format: "Native", ok: true},
		{text: "INSERT INTO format FORMAT CSV\n1", head: "INSERT INTO format ", format: "CSV", data: "1", ok: true},
		{text: "INSERT INTO values.values (values) VALUES (1)", head: "INSERT INTO values.values (values) ", format: "Values", data: " (1)", ok: true},
		{text: "INSERT INTO `t VALUES` VALUES (1)", head: "INSERT INTO `t VALUES` ", format: "Values", data: " (1)", ok: true},
		{text: "/* VALUES */ INSERT INTO t -- FORMAT CSV\nFORMAT TSV\n1", head: "/* VALUES */ INSERT INTO t -- FORMAT CSV\n", format: "TSV", data: "1", ok: true},
		{text: "INSERT INTO t", head: "INSERT INTO t", ok: true},
		{text: "INSERT INTO t;", head: "INSERT INTO t", ok: true},
		{text: "INSERT INTO t SELECT * FROM values('a Int8', 1)", head: "INSERT INTO t SELECT * FROM values('a Int8', 1)", rows: true, ok: true},
		{text: "INSERT INTO t (a) (SELECT 1)", head: "INSERT INTO t (a) (SELECT 1)", rows: true, ok: true},
		{text: "INSERT INTO t SELECT 1; DROP TABLE t", ok: true, err: ErrSeveral},
		{text: "INSERT INTO t SELECT * FROM input('a Int8') FORMAT CSV 1", ok: true, err: ErrInput},
		{text: "INSERT INTO t FROM INFILE 'x' FORMAT CSV", ok: true, err: ErrInfile},
		{text: "SELECT 1"},
		{text: "EXPLAIN INSERT INTO t VALUES (1)"},
		{text: ""},
	}
	for _, tt := range tests {
		ins, ok, err := SplitInsert(tt.text)
		if !errors.Is(err, tt.err) || ok != tt.ok {
			t.Errorf("SplitInsert(%q) = ok %v, error %v; want %v, %v", tt.text, ok, err, tt.ok, tt.err)
			continue
		}
		if err == nil && ok && (ins.Head != tt.head || ins.Format != tt.format || tt.text[ins.Data:] != tt.data || ins.Select != tt.rows) {
			t.Errorf("SplitInsert(%q) = %+v; want head %q format %q data %q", tt.text, ins, tt.head, tt.format, tt.data)
		}
	}
	for _, broken := range []string{"INSERT INTO t 'x", "INSERT INTO t FORMAT", "INSERT INTO t FORMAT 'CSV'"} {
		if _, _, err := SplitInsert(broken); err == nil {
			t.Errorf("SplitInsert(%q) = nil error; want one", broken)
		}
	}
}

// FuzzSplitInsert holds that the head never holds data: what stands before the
// data is a prefix of the text, and the same text splits the same way behind
// more data.
func FuzzSplitInsert(f *testing.F) {
	for _, seed := range []string{"INSERT INTO t FORMAT CSV\n1\n\nDROP TABLE t", "INSERT INTO t VALUES (1, 'a;b')", "INSERT INTO `x` (a) SETTINGS b='c' FORMAT X", "insert/*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ins, ok, err := SplitInsert(text)
		if err != nil || !ok || ins.Format == "" {
			return
		}
		if !strings.HasPrefix(text, ins.Head) || ins.Data < len(ins.Head) || ins.Data > len(text) {
			t.Fatalf("SplitInsert(%q) = %+v", text, ins)
		}
		if !strings.ContainsAny(text[len(text)-1:], " \t\r\n\f") && ins.Data < len(text) {
			again, _, err := SplitInsert(text + "\n\nDROP TABLE t")
			if err != nil || again != ins {
				t.Fatalf("SplitInsert with more data = %+v, %v; want %+v", again, err, ins)
			}
		}
	})
}

func TestFormat(t *testing.T) {
	tests := []struct{ text, name, before string }{
		{"SELECT 1 FORMAT JSON", "JSON", "SELECT 1 "},
		{"SELECT 1 FORMAT JSON;", "JSON", "SELECT 1 "},
		{"SELECT 1 format CSV SETTINGS a = 1, b = 'x', c = -1.5", "CSV", "SELECT 1 "},
		{"SELECT 1", "", "SELECT 1"},
		{"SELECT 1;", "", "SELECT 1"},
		{"SELECT 1, format y, file('x')", "", "SELECT 1, format y, file('x')"},
		{"SELECT 1 FORMAT CSV SETTINGS a = file('x')", "", "SELECT 1 FORMAT CSV SETTINGS a = file('x')"},
		{"SELECT format('{}', 1)", "", "SELECT format('{}', 1)"},
		{"SELECT 'FORMAT JSON'", "", "SELECT 'FORMAT JSON'"},
		{"", "", ""},
	}
	for _, tt := range tests {
		tokens, _ := Tokens(tt.text)
		name, cut := Format(tokens)
		if name != tt.name || tt.text[:cut] != tt.before {
			t.Errorf("Format(%q) = %q, %q; want %q, %q", tt.text, name, tt.text[:cut], tt.name, tt.before)
		}
	}
}

func TestPlainColumns(t *testing.T) {
	for text, want := range map[string]bool{
		"a UInt8": true, "`a b` Enum8('x' = -1), c Array(Tuple(d DateTime64(3, 'UTC'), e JSON(max_dynamic_paths = 1)))": true,
		"": false, "a UInt8 DEFAULT 1": false, "a UInt8) ENGINE = File('CSV'": false, "a UInt8; DROP": false, "a String 'x'": false, "a (": false, "a + b Int8": false,
	} {
		if got := PlainColumns(text); got != want {
			t.Errorf("PlainColumns(%q) = %v; want %v", text, got, want)
		}
	}
}

func TestValuesReader(t *testing.T) {
	tests := map[string]error{
		"(1)": nil, "(1);": nil, "(1); \n;": nil, "(';'),(1)": nil, `('\';'),(now())`: nil, "('it'';')": nil, "(-1 - 2, 4/2*3)": nil,
		`('file("x") -- /* # ')`: nil, "(profile, files, file_)": nil, "({'k':'v'}, [1,2])": nil,
		"(1); DROP TABLE t": ErrSeveral, "(1);;x": ErrSeveral, `('a\\'); x`: ErrSeveral,
		"(file('/etc/passwd'))": ErrFunction, "(1 + FILE ('x'))": ErrFunction, "(catboostEvaluate('x'))": ErrFunction, "('a', file\n('x'))": ErrFunction,
		"(1 /* ' */ + file(/* ' */'x'))": ErrComment, "(1) -- it's": ErrComment, "(1) # x": ErrComment, "(\"file\"('x'))": ErrComment, "(`file`('x'))": ErrComment,
	}
	for data, want := range tests {
		got, err := io.ReadAll(NewValuesReader(iotest.OneByteReader(strings.NewReader(data))))
		if want == nil && string(got) != data || !errors.Is(err, want) {
			t.Errorf("ValuesReader(%q) = %q, %v; want %v", data, got, err, want)
		}
	}
}

func TestLiteralAndName(t *testing.T) {
	const evil = "a'b\\c`d\x00"
	if got := Literal(evil); got != `'a\'b\\c`+"`"+`d\0'` {
		t.Errorf("Literal(%q) = %s", evil, got)
	}
	if got := Name(evil); got != "`a'b\\\\c\\`d\\0`" {
		t.Errorf("Name(%q) = %s", evil, got)
	}
	tokens, _ := Tokens("KILL QUERY WHERE query = 'SYNC' SYNC -- SYNC")
	if got := Replace("KILL QUERY WHERE query = 'SYNC' SYNC -- SYNC", tokens, "SYNC", "ASYNC"); got != "KILL QUERY WHERE query = 'SYNC' ASYNC -- SYNC" {
		t.Errorf("Replace = %q", got)
	}
}

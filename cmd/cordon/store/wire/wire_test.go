package wire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ClickHouse/ch-go/proto"
)

// content is some data of n bytes that compresses, but not to nothing.
func content(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.IntN(8))
	}
	return b
}

func TestFramesRoundTrip(t *testing.T) {
	for _, method := range []string{"LZ4", "zstd", ""} {
		for _, n := range []int{1, 1000, frameContent, 3*frameContent + 17} {
			var frames bytes.Buffer
			w := NewFrameWriter(&frames, method)
			want := content(n)
			if _, err := w.Write(want); err != nil {
				t.Fatalf("Write: %v", err)
			}
			if err := w.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			got, err := io.ReadAll(NewFrameReader(iotest.HalfReader(&frames)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %d bytes came back as %d bytes, %v", method, n, len(got), err)
			}
		}
	}
}

// TestFramesCutAnywhere holds that only the end between frames is an end.
func TestFramesCutAnywhere(t *testing.T) {
	var frames bytes.Buffer
	w := NewFrameWriter(&frames, "LZ4")
	for range 2 {
		if _, err := w.Write(content(300)); err != nil {
			t.Fatal(err)
		}
	}
	whole := frames.Bytes()
	for cut := range whole {
		got, err := io.ReadAll(NewFrameReader(bytes.NewReader(whole[:cut])))
		clean := cut == 0 || len(got) == 300 && cut == len(whole)/2
		if clean != (err == nil) {
			t.Errorf("cut at %d of %d: %d bytes, %v; want clean %v", cut, len(whole), len(got), err, clean)
		}
		if err != nil && errors.Is(err, io.EOF) {
			t.Errorf("cut at %d: error %v is io.EOF", cut, err)
		}
	}
}

func TestFramesBehindABrokenConnection(t *testing.T) {
	broken := errors.New("broken")
	if _, err := io.ReadAll(NewFrameReader(iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error = %v; want broken", err)
	}
}

func TestFramesWithAFlippedBit(t *testing.T) {
	var frames bytes.Buffer
	if _, err := NewFrameWriter(&frames, "ZSTD").Write(content(100)); err != nil {
		t.Fatal(err)
	}
	whole := frames.Bytes()
	for i := range whole { // one in each byte
		bit := 8*i + 5*i%8
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		if n, err := io.Copy(io.Discard, NewFrameReader(bytes.NewReader(damaged))); err == nil || n > 0 {
			t.Errorf("bit %d flipped: read %d bytes, %v; want an error and nothing", bit, n, err)
		}
	}
}

func TestEncodings(t *testing.T) {
	want := content(100_000)
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd", ""} {
		var out bytes.Buffer
		w, err := Encode(&out, encoding)
		if err != nil {
			t.Fatalf("Encode(%q): %v", encoding, err)
		}
		if _, err := w.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		cut := out.Len() / 2
		r, err := Decode(bytes.NewReader(out.Bytes()), encoding)
		if err != nil {
			t.Fatalf("Decode(%q): %v", encoding, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q came back as %d bytes, %v", encoding, len(got), err)
		}
		if encoding == "" {
			continue
		}
		if r, err = Decode(bytes.NewReader(out.Bytes()[:cut]), encoding); err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil {
			t.Errorf("%q cut in the middle reads without an error", encoding)
		}
	}
	if _, err := Decode(strings.NewReader(""), "xz"); err == nil {
		t.Error("Decode(xz) = nil; want an error")
	}
	if _, err := Encode(io.Discard, "xz"); err == nil {
		t.Error("Encode(xz) = nil; want an error")
	}
}

func TestAccepted(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "gzip;q=0, br": "br", "xz, deflate;q=0.5": "deflate", "*": "", " ZSTD ": "zstd",
	} {
		if got := Accepted(header); got != want {
			t.Errorf("Accepted(%q) = %q; want %q", header, got, want)
		}
	}
}

func TestHelloDecodes(t *testing.T) {
	for _, revision := range []int{54460, 54429, 0} {
		var name, version, zone proto.ColStr
		var rev proto.ColUInt32
		r := proto.NewReader(bytes.NewReader(Hello("n", "26.7.2.1", "UTC", revision)))
		var block proto.Block
		err := block.DecodeBlock(r, revision, proto.Results{
			{Name: "displayName()", Data: &name}, {Name: "version()", Data: &version}, {Name: "revision()", Data: &rev}, {Name: "timezone()", Data: &zone},
		})
		if err != nil {
			t.Fatalf("hello for revision %d: %v", revision, err)
		}
		if name.Row(0) != "n" || version.Row(0) != "26.7.2.1" || rev.Row(0) != Revision || zone.Row(0) != "UTC" {
			t.Errorf("hello for revision %d = %s %s %d %s", revision, name.Row(0), version.Row(0), rev.Row(0), zone.Row(0))
		}
	}
}

func TestHeaderDecodes(t *testing.T) {
	var s proto.ColStr
	var n proto.ColUInt64
	var block proto.Block
	r := proto.NewReader(bytes.NewReader(Header([]Column{{"n", "UInt64"}, {"a name", "String"}})))
	if err := block.DecodeBlock(r, 0, proto.Results{{Name: "n", Data: &n}, {Name: "a name", Data: &s}}); err != nil || block.Rows != 0 {
		t.Errorf("header block = %d rows, %v; want 0, nil", block.Rows, err)
	}
}

func TestExceptionIsBounded(t *testing.T) {
	got := Exception("0123456789abcdef", "Code: 1. "+strings.Repeat("x", 1<<20))
	if len(got) > 16<<10 || !bytes.HasPrefix(got, []byte("\r\n__exception__\r\n0123456789abcdef\r\nCode: 1. ")) || !bytes.HasSuffix(got, []byte("\r\n__exception__\r\n")) {
		t.Errorf("Exception = %d bytes, %.60q", len(got), got)
	}
}

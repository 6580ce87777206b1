package feed

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(text), nil)
}

// bzipped is "line\n"; the standard library only reads bzip2.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x5c\x5a\x44\xcd\x00\x00\x01\xc1\x00\x00\x10\x02\x25\x20\x00\x30\xcd\x00\xc1\xa4\x0c\x71\x77\x24\x53\x85\x09\x05\xc5\xa4\x4c\xd0"

func TestOpen(t *testing.T) {
	const text = "line\n"
	dir := t.TempDir()
	for _, c := range []struct {
		name  string
		bytes []byte
	}{
		{"plain.log", []byte(text)},
		{"a.log.gz", gzipped(t, text)},
		{"b.log.zst", zstded(t, text)},
		{"c.log.bz2", []byte(bzipped)},
		{"named-wrongly.log", gzipped(t, text)},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.name)
			if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			in, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			got, err := io.ReadAll(in)
			if err != nil || string(got) != text {
				t.Errorf("content = %q, %v; want %q", got, err, text)
			}
			if in.Size != int64(len(c.bytes)) || in.Passed() != in.Size {
				t.Errorf("size %d, passed %d; want %d both", in.Size, in.Passed(), len(c.bytes))
			}
			if want, _, _ := strings.Cut(c.name, "."); in.Base() != want {
				t.Errorf("Base() = %q; want %q", in.Base(), want)
			}
		})
	}
}

func TestOpenStdin(t *testing.T) {
	in, err := Open("-", bytes.NewReader(gzipped(t, "x\n")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || string(got) != "x\n" || in.Name != "stdin" {
		t.Errorf("stdin = %q, %v as %q; want the line as stdin", got, err, in.Name)
	}
}

func TestOpenEmptyAndBroken(t *testing.T) {
	in, err := Open("-", strings.NewReader(""))
	if err != nil {
		t.Fatalf("Open(empty) = %v; want none", err)
	}
	if got, err := io.ReadAll(in); err != nil || len(got) != 0 {
		t.Errorf("empty = %q, %v; want nothing", got, err)
	}
	if _, err := Open("-", strings.NewReader("\x1f\x8bno gzip")); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("Open(broken gzip) = %v; want an error about gzip", err)
	}
	cut := gzipped(t, strings.Repeat("a line\n", 1000))
	in, err = Open("-", bytes.NewReader(cut[:len(cut)/2]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(in); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file cut short reads with %v; want ErrUnexpectedEOF", err)
	}
}

// Package feed is `cordon feed`: records of a file, one per line, into the raw
// topic of their format.
package feed

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Input is a file that is being read: plain or compressed with gzip, zstd or
// bzip2, whatever its name says.
type Input struct {
	io.Reader
	Name   string       // for people and, without directories and endings, for records
	Size   int64        // bytes of the file as it is stored; 0: unknown
	passed atomic.Int64 // bytes read of it
	close  []func() error
}

// Open opens path; "-" is stdin.
func Open(path string, stdin io.Reader) (*Input, error) {
	in := &Input{Name: path}
	raw := stdin
	if path != "-" {
		f, err := openFile(path)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			in.Size = info.Size()
		}
		in.close = append(in.close, f.Close)
		raw = f
	} else {
		in.Name = "stdin"
	}
	if err := in.inflate(bufio.NewReaderSize(&counter{raw, &in.passed}, 1<<16)); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), in.Close())
	}
	return in, nil
}

func openFile(path string) (*os.File, error) {
	f, err := os.Open(path) //nolint:gosec // the user names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file %s; use - for standard input", path)
	case err != nil:
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a directory; give the files in it one by one", path)
	}
	return f, nil
}

// inflate chooses the decompressor by the first bytes.
func (in *Input) inflate(r *bufio.Reader) error {
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		in.Reader, in.close = z, append(in.close, z.Close)
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
		in.Reader, in.close = z, append(in.close, func() error { z.Close(); return nil })
	case bytes.HasPrefix(magic, []byte("BZh")):
		in.Reader = bzip2.NewReader(r)
	default:
		in.Reader = r
	}
	return nil
}

// Passed is how many bytes of the stored file have been read. It is safe for
// concurrent use.
func (in *Input) Passed() int64 { return in.passed.Load() }

// Base is the name without directories and endings: conn for a/conn.log.gz.
func (in *Input) Base() string {
	base, _, _ := strings.Cut(filepath.Base(in.Name), ".")
	return base
}

// Close closes the file.
func (in *Input) Close() error {
	var err error
	for _, c := range in.close {
		err = errors.Join(err, c())
	}
	return err
}

type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

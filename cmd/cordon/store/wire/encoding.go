package wire

import (
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Decode returns a reader of a body with the given HTTP content encoding.
func Decode(r io.Reader, encoding string) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return zlib.NewReader(r)
	case "br":
		return brotli.NewReader(r), nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("content encoding %q is not known: use gzip, deflate, br or zstd", encoding)
}

// Accepted returns the first content encoding of an Accept-Encoding header
// that Encode can write, or "".
func Accepted(header string) string {
	for item := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.ReplaceAll(param, " ", "") == "q=0" {
			continue
		}
		switch name {
		case "gzip", "deflate", "br", "zstd":
			return name
		}
	}
	return ""
}

// Encode returns a writer in one of the encodings that Accepted returns.
// Closing it ends the encoding, not w.
func Encode(w io.Writer, encoding string) (io.WriteCloser, error) {
	switch encoding {
	case "gzip":
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	case "deflate":
		return zlib.NewWriterLevel(w, zlib.BestSpeed)
	case "br":
		return brotli.NewWriterLevel(w, 3), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case "":
		return plain{w}, nil
	}
	return nil, fmt.Errorf("content encoding %q is not known", encoding)
}

type plain struct{ io.Writer }

// Close does nothing.
func (plain) Close() error { return nil }

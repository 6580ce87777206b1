package store

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

// held is how much of a result is kept back before the status is sent: an
// error up to there still gets a status of its own, and a small result gets
// its length and summary.
const held = 256 << 10

// reply writes one result in the encodings that the client asked for.
type reply struct {
	w     http.ResponseWriter
	q     *request
	tag   string
	begun time.Time
	now   func() time.Time

	pending bytes.Buffer   // not yet sent; then the status is open
	out     io.WriteCloser // set with the status
	sent    bool
}

func newReply(w http.ResponseWriter, q *request, now func() time.Time) *reply {
	var tag [8]byte
	_, _ = rand.Read(tag[:]) // never fails
	return &reply{w: w, q: q, tag: hex.EncodeToString(tag[:]), begun: now(), now: now}
}

// Write takes encoded result bytes.
func (r *reply) Write(p []byte) (int, error) {
	if r.sent {
		return r.out.Write(p)
	}
	r.pending.Write(p)
	if r.q.whole || r.pending.Len() < held {
		return len(p), nil
	}
	if err := r.begin(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// begin sends the status and what was kept back.
func (r *reply) begin() error {
	h := r.w.Header()
	h.Set(wire.TagHeader, r.tag)
	if r.q.frames == "" && r.q.encoding != "" && r.pending.Len() > 0 {
		h.Set("Content-Encoding", r.q.encoding)
	}
	r.sent = true
	r.w.WriteHeader(http.StatusOK)
	if err := r.encoder(); err != nil {
		return err
	}
	_, err := r.out.Write(r.pending.Bytes())
	r.pending = bytes.Buffer{}
	return err
}

func (r *reply) encoder() (err error) {
	if r.q.frames != "" {
		r.out = wire.NewFrameWriter(r.w, r.q.frames)
		return nil
	}
	r.out, err = wire.Encode(r.w, r.q.encoding)
	return err
}

// finish ends a result.
func (r *reply) finish(stats chdb.Stats) error {
	if r.sent {
		return r.out.Close()
	}
	h := r.w.Header()
	h.Set("X-ClickHouse-Summary", summary(stats, r.now().Sub(r.begun)))
	if r.pending.Len() == 0 {
		h.Set("Content-Length", "0")
		r.sent = true
		r.w.WriteHeader(http.StatusOK)
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	return r.out.Close()
}

// fail ends a result with an error: by status while it is open, else by a
// block behind the data.
func (r *reply) fail(e *chdb.Error) {
	if !r.sent {
		writeError(r.w, e)
		return
	}
	block := wire.Exception(r.tag, e.Message)
	if r.q.frames != "" {
		_, _ = r.w.Write(block)
		return
	}
	_, _ = r.out.Write(block)
	_ = r.out.Close()
}

func writeError(w http.ResponseWriter, e *chdb.Error) {
	h := w.Header()
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.Code))
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if e.Code == codeAuthentication {
		h.Set("WWW-Authenticate", `Basic realm="cordon store"`)
	}
	w.WriteHeader(status(e.Code))
	_, _ = io.WriteString(w, strings.TrimRight(e.Message, "\n")+"\n") //nolint:gosec // text/plain
}

// status maps an engine's code as its HTTP server does.
func status(code int) int {
	switch code {
	case codeAuthentication, 164, 192, 193, 194, 497:
		return http.StatusForbidden
	case 46, 47, 50, 56, 60, 73, codeDatabase, codeSetting, codeSessionNotFound:
		return http.StatusNotFound
	case 6, 26, 27, codeReadAll, codeBadRequest, 38, 41, 42, 43, 53, codeSyntax, 69, 70, 72, codeNoData:
		return http.StatusBadRequest
	case codeNotImplemented:
		return http.StatusNotImplemented
	case 159:
		return http.StatusRequestTimeout
	}
	return http.StatusInternalServerError
}

func summary(s chdb.Stats, took time.Duration) string {
	return fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d","total_rows_to_read":"0","result_rows":"%d","result_bytes":"%d","elapsed_ns":"%d"}`,
		s.ReadRows, s.ReadBytes, s.WrittenRows, s.WrittenBytes, s.ResultRows, s.ResultBytes, took.Nanoseconds())
}

// contentType returns the media type of a format.
func contentType(format string) string {
	switch f := strings.ToLower(format); {
	case f == "json", f == "jsoncompact", f == "jsonstrings", f == "jsoncompactstrings", f == "jsoncolumns", f == "jsoncolumnswithmetadata":
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(f, "json"), f == "ndjson":
		return "application/x-ndjson; charset=UTF-8"
	case f == "csvwithnames", f == "csvwithnamesandtypes":
		return "text/csv; charset=UTF-8; header=present"
	case f == "csv":
		return "text/csv; charset=UTF-8; header=absent"
	case strings.HasPrefix(f, "tabseparated"), strings.HasPrefix(f, "tsv"):
		return "text/tab-separated-values; charset=UTF-8"
	case f == "xml":
		return "application/xml; charset=UTF-8"
	case strings.HasPrefix(f, "pretty"), f == "vertical", f == "markdown", f == "values", f == "tskv":
		return "text/plain; charset=UTF-8"
	}
	return "application/octet-stream"
}

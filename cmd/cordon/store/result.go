package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

func (x *exchange) insert(st statement) (chdb.Stats, error) {
	if x.q.get {
		return chdb.Stats{}, chdb.Errorf(codeReadonly, "READONLY", "Cannot INSERT by GET: use POST")
	}
	if err := x.server.gate.Insert(x.conn, x.q.role, st.sql, st.insert.Format); err != nil {
		return chdb.Stats{}, err
	}
	return insert(x.conn, st.sql, st.insert.Format, st.data, x.q.params)
}

func (x *exchange) query(ctx context.Context, st statement) (chdb.Stats, error) {
	judged, err := x.server.gate.Query(x.conn, x.q.role, st.sql, x.q.params)
	if err != nil {
		return chdb.Stats{}, err
	}
	if x.q.get && judged.Class != chdb.Read {
		return chdb.Stats{}, chdb.Errorf(codeReadonly, "READONLY", "Cannot run a statement that changes something by GET: use POST")
	}
	format := first(judged.Format, x.q.format)
	h := x.reply.w.Header()
	h.Set("X-ClickHouse-Format", format)
	h.Set("Content-Type", contentType(format))
	switch {
	case hello(judged.SQL) && format == "Native":
		_, err := x.reply.Write(wire.Hello(displayName, x.server.version, "UTC", x.q.client))
		return chdb.Stats{}, err
	case streams(judged, format):
		return x.stream(ctx, judged, format)
	}
	return x.whole(judged, format)
}

func hello(sql string) bool { return strings.TrimSpace(sql) == wire.HelloQuery }

// whole runs a statement whose result the engine gives in one piece.
func (x *exchange) whole(st gate.Statement, format string) (chdb.Stats, error) {
	data, stats, err := x.conn.Query(st.SQL, format, x.q.params...)
	if err != nil {
		return stats, err
	}
	if len(data) == 0 && format == "Native" && st.Class == chdb.Read {
		data = x.header(st)
	}
	_, err = x.reply.Write(data)
	return stats, err
}

// stream passes a result on as the engine produces it.
func (x *exchange) stream(ctx context.Context, st gate.Statement, format string) (chdb.Stats, error) {
	rows, err := x.conn.Stream(st.SQL, format, x.q.params...)
	if err != nil {
		return chdb.Stats{}, err
	}
	defer rows.Close()
	for n := 0; ; n++ {
		chunk, err := rows.Next()
		if errors.Is(err, io.EOF) {
			if n == 0 && format == "Native" {
				_, err = x.reply.Write(x.header(st))
				return rows.Stats(), err
			}
			return rows.Stats(), nil
		}
		if err != nil {
			return rows.Stats(), err
		}
		if _, err := x.reply.Write(chunk); err != nil {
			return rows.Stats(), fmt.Errorf("send result: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return rows.Stats(), chdb.Errorf(codeQueryCancelled, "QUERY_WAS_CANCELLED", "The client went away")
		}
	}
}

// streams reports whether the result of st can be sent in chunks: the engine
// encodes each chunk as a result of its own, which only formats without head
// and tail survive.
func streams(st gate.Statement, format string) bool {
	if st.Class != chdb.Read || st.First != "SELECT" && st.First != "WITH" {
		return false
	}
	switch strings.ToLower(format) {
	case "native", "rowbinary", "tabseparated", "tsv", "tabseparatedraw", "tsvraw", "csv", "jsoneachrow", "jsonlines", "ndjson",
		"jsoncompacteachrow", "jsonstringseachrow", "jsoncompactstringseachrow", "lineasstring", "tskv", "msgpack":
		return true
	}
	return false
}

// header returns a block without rows that names the result's columns. Where
// the engine cannot describe the statement, the driver does without.
func (x *exchange) header(st gate.Statement) []byte {
	if st.First != "SELECT" && st.First != "WITH" {
		return nil
	}
	out, _, err := x.conn.Query("DESCRIBE ("+st.SQL[:st.Cut]+"\n)", "TSV", x.q.params...)
	if err != nil {
		x.server.log.Debug("store: no header for an empty result", "sql", clip(st.SQL), "error", err)
		return nil
	}
	var columns []wire.Column
	for line := range strings.Lines(string(out)) {
		if name, rest, ok := strings.Cut(line, "\t"); ok {
			typ, _, _ := strings.Cut(rest, "\t")
			columns = append(columns, wire.Column{Name: unescape(name), Type: unescape(typ)})
		}
	}
	return wire.Header(columns)
}

// unescape reads a TSV value.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\'`, "'", `\r`, "\r", `\0`, "\x00", `\b`, "\b", `\f`, "\f").Replace(s)
}

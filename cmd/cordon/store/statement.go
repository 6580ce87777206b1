package store

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
	"github.com/cordon-iot/cordon/cmd/cordon/store/wire"
)

// body returns the request's body without its encodings.
func body(r *http.Request, values url.Values) (io.Reader, error) {
	in, err := wire.Decode(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, chdb.Errorf(codeBadRequest, "BAD_ARGUMENTS", "Request body: %v", err)
	}
	if truthy(values.Get("decompress")) {
		in = wire.NewFrameReader(in)
	}
	return in, nil
}

// statement is a text and, for an INSERT, its data.
type statement struct {
	sql    string
	insert sqltext.Insert
	isData bool // an INSERT whose rows are in data
	data   io.Reader
}

// readStatement joins the query parameter and the body as the protocol wants:
// with an INSERT in the parameter, the body is data; else both are the text,
// which ends where an INSERT's inline data begins.
func readStatement(query string, in io.Reader) (statement, error) {
	if query != "" {
		ins, ok, err := sqltext.SplitInsert(query)
		if err != nil {
			return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
		}
		if ok && !ins.Select {
			return insertOf(ins, io.MultiReader(strings.NewReader(query[ins.Data:]), in)), nil
		}
		query += "\n"
	}
	head, err := io.ReadAll(io.LimitReader(in, maxStatement))
	if err != nil {
		return statement{}, readError(err)
	}
	text := query + string(head)
	ins, ok, err := sqltext.SplitInsert(text)
	if err != nil {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
	}
	if ok && ins.Format != "" {
		return insertOf(ins, io.MultiReader(strings.NewReader(text[ins.Data:]), in)), nil
	}
	if len(head) == maxStatement {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Statement longer than %d bytes; %v", maxStatement, sqltext.ErrIncomplete)
	}
	if ok && !ins.Select {
		return statement{}, chdb.Errorf(codeNoData, "NO_DATA_TO_INSERT", "No data to insert")
	}
	if strings.TrimSpace(text) == "" {
		return statement{}, chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Empty query: send a statement in the body or in the URL parameter query")
	}
	return statement{sql: strings.TrimRight(text, "\n")}, nil
}

func insertOf(ins sqltext.Insert, data io.Reader) statement {
	ins.Head = strings.TrimSpace(ins.Head)
	if ins.Format == "" {
		ins.Format = "Values"
	}
	if strings.EqualFold(ins.Format, "Values") {
		data = sqltext.NewValuesReader(data)
	}
	return statement{sql: ins.Head, insert: ins, isData: true, data: data}
}

// readError says that a body did not arrive whole.
func readError(err error) error {
	var refused *chdb.Error
	if errors.As(err, &refused) {
		return err
	}
	if errors.Is(err, sqltext.ErrSeveral) || errors.Is(err, sqltext.ErrComment) || errors.Is(err, sqltext.ErrFunction) {
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "%v", err)
	}
	return chdb.Errorf(codeReadAll, "CANNOT_READ_ALL_DATA", "The body ended early, nothing was stored, send it again: %v", err)
}

// insert passes data to the engine as it comes. Only the clean end of the data
// commits.
func insert(conn *chdb.Conn, head, format string, data io.Reader, params []chdb.Param) (chdb.Stats, error) {
	ins, err := conn.Insert(head, format, params...)
	if err != nil {
		return chdb.Stats{}, err
	}
	defer ins.Close()
	buf := make([]byte, 256<<10)
	for {
		n, rerr := data.Read(buf)
		if _, err := ins.Write(buf[:n]); err != nil {
			return chdb.Stats{}, err
		}
		if rerr == io.EOF { //nolint:errorlint // a wrapped EOF is a body cut short
			return ins.Commit()
		}
		if rerr != nil {
			return chdb.Stats{}, readError(rerr)
		}
	}
}

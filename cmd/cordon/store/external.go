package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
)

// readExternal stores the tables of a multipart body in temporary tables of
// the connection and returns the other fields.
func readExternal(conn *chdb.Conn, r *http.Request, tables []external) (url.Values, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, readError(err)
	}
	fields := url.Values{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, readError(err)
		}
		i := slices.IndexFunc(tables, func(t external) bool { return t.name == part.FormName() })
		if i >= 0 {
			if err := storeExternal(conn, tables[i], part); err != nil {
				return nil, err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxStatement+1))
		if err != nil || len(text) > maxStatement {
			return nil, readError(fmt.Errorf("form field %s of more than %d bytes: %w", part.FormName(), maxStatement, err))
		}
		fields.Set(part.FormName(), string(bytes.TrimRight(text, "\r\n")))
	}
}

func storeExternal(conn *chdb.Conn, t external, data io.Reader) error {
	if !sqltext.PlainColumns(t.structure) {
		return chdb.Errorf(codeSyntax, "SYNTAX_ERROR", "Structure of external table %s: want names and types only, separated by commas", t.name)
	}
	name := sqltext.Name(t.name)
	if err := conn.Exec("CREATE TEMPORARY TABLE " + name + " (" + t.structure + ") ENGINE=Memory"); err != nil {
		return err
	}
	_, err := insert(conn, "INSERT INTO "+name, t.format, data, nil)
	return err
}

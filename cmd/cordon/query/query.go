// Package query is `cordon query`: SQL over what happened, read only.
package query

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// formats are ClickHouse's names of the forms of output.
func formats() map[string]string {
	return map[string]string{"table": "PrettyCompactMonoBlock", "json": "JSONEachRow", "csv": "CSVWithNames", "tsv": "TSV"}
}

// Run sends sql to the ClickHouse at dsn and copies the answer, in the form
// output, to w as it comes. Whoever the user is, the statement only reads.
func Run(ctx context.Context, dsn, sql, output string, w io.Writer) error {
	format, ok := formats()[output]
	if !ok {
		return fmt.Errorf("output %q: want table, json, csv or tsv", output)
	}
	req, err := request(ctx, dsn, sql, format)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ClickHouse: %w", withoutAddress(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		return refused(text)
	}
	last := &tail{}
	if _, err := io.Copy(io.MultiWriter(w, last), res.Body); err != nil {
		return fmt.Errorf("the answer breaks off: %w", err)
	}
	return last.exception(res.Header.Get("X-ClickHouse-Exception-Tag"))
}

func request(ctx context.Context, dsn, sql, format string) (*http.Request, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return nil, errors.New("ClickHouse address: want http://user@host:8123/database")
	}
	user := u.User
	q := url.Values{"default_format": {format}, "readonly": {"1"}}
	if db := strings.Trim(u.Path, "/"); db != "" {
		q.Set("database", db)
	}
	u.User, u.Path, u.RawQuery = nil, "/", q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	password, _ := user.Password()
	req.Header.Set("X-ClickHouse-User", user.Username())
	req.Header.Set("X-ClickHouse-Key", password)
	return req, nil
}

// refused is the answer of ClickHouse to a statement it does not run.
func refused(text []byte) error {
	s := strings.TrimSpace(string(text))
	if strings.Contains(s, "UNKNOWN_TABLE") {
		s += "\nwhat there is: cordon query 'SHOW TABLES'; the views v1_... stay as they are between versions"
	}
	return errors.New(s)
}

// withoutAddress drops the address from an error of the client.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// tail keeps the end of an answer: an error in its middle comes as its last
// bytes, after the status said that all is well.
type tail struct{ b []byte }

const tailSize = 16 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - tailSize; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

// exception returns the error that stands between two lines with tag, if one
// does.
func (t *tail) exception(tag string) error {
	mark := []byte("__exception__\r\n" + tag)
	_, rest, found := bytes.Cut(t.b, mark)
	if tag == "" || !found {
		return nil
	}
	text, _, _ := bytes.Cut(rest, []byte("__exception__"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if n := len(lines); n > 1 {
		lines = lines[:n-1] // length and tag
	}
	return fmt.Errorf("the answer breaks off: %s", strings.Join(lines, "\n"))
}

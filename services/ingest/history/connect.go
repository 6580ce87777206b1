package history

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// open prepares connections to dsn; nothing is dialled yet.
func open(dsn, password string) (driver.Conn, error) {
	o, err := options(dsn, password)
	if err != nil {
		return nil, err
	}
	return clickhouse.Open(o)
}

// openDatabase is open for another database.
func openDatabase(o *clickhouse.Options, name string) (driver.Conn, error) {
	other := *o
	other.Auth.Database = name
	return clickhouse.Open(&other)
}

func options(dsn, password string) (*clickhouse.Options, error) {
	o, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("ClickHouse address: %w; want http://user@host:8123/database", redact(err))
	}
	if o.Protocol != clickhouse.HTTP {
		return nil, errors.New("ClickHouse address: only the HTTP interface can be used; want http://user@host:8123/database or https://")
	}
	if password != "" {
		o.Auth.Password = password
	}
	if o.Auth.Database == "" {
		return nil, errors.New("ClickHouse address: the database is missing; want http://user@host:8123/database")
	}
	// Blocks are sent as they are: what the driver could compress are its own.
	o.Compression = nil
	return o, nil
}

// redact hides the address in errors of net/url, which may hold a password.
func redact(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// explain says what went wrong without the address's settings and adds the next
// step where the cause is known.
func explain(err error) error {
	if x, ok := errors.AsType[*clickhouse.Exception](err); ok {
		if hint := hint(x.Code); hint != "" {
			return fmt.Errorf("%w: %s", err, hint)
		}
		return err
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("ClickHouse at %s: %w: is it up, and is this its HTTP port?", host(u.URL), u.Err)
	}
	return err
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "its address"
	}
	return u.Host
}

func hint(code int32) string {
	switch code {
	case 16, 60, 81: // no such column, table, database
		return "the schema is older than this program: apply the migrations"
	case codeReadonly, codeAccessDenied:
		return "this user may not do that: see deploy/clickhouse/users.d"
	case 193, 194, 516: // wrong password, authentication failed
		return "user or password is wrong"
	case 241, 243: // memory limit, disk full
		return "the server is out of memory or disk"
	case 252: // too many parts
		return "inserts come faster than the server merges them: make batches larger"
	}
	return ""
}

package client

import (
	"fmt"
	"net/url"

	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/internal/service"
)

// StoreFlags say where ClickHouse is.
type StoreFlags struct {
	address  string
	password *service.Secret
}

// BindStore adds the settings of ClickHouse to fs.
func BindStore(fs *pflag.FlagSet) *StoreFlags {
	s := &StoreFlags{}
	fs.StringVar(&s.address, "clickhouse", "", "ClickHouse as http://user@host:8123/database, without the password")
	s.password = service.BindSecret(fs, "clickhouse-password", "password of the user in --clickhouse")
	return s
}

// Given reports whether there is an address.
func (s *StoreFlags) Given() bool { return s.address != "" }

// DSN is the address with the password in it, for clickhouse-go.
func (s *StoreFlags) DSN() (string, error) {
	u, err := url.Parse(s.address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("clickhouse %q: want http://user@host:8123/database", s.address)
	}
	password, err := s.password.Optional()
	if err != nil {
		return "", err
	}
	if password != "" {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String(), nil
}

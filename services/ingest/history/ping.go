package history

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Pinger returns a function that reports whether a server of dsn answers on its
// HTTP port. It asks as nobody, so that no right is needed. As the driver does,
// it is content with one of several servers.
func Pinger(dsn string) (func(context.Context) error, error) {
	o, err := options(dsn, "")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		var down []error
		for _, addr := range o.Addr {
			err := ping(ctx, addr, o.TLS)
			if err == nil {
				return nil
			}
			down = append(down, err)
		}
		return errors.Join(down...)
	}, nil
}

func ping(ctx context.Context, addr string, secure *tls.Config) error {
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+addr+"/ping", nil)
	if err != nil {
		return err
	}
	tr := &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return explain(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ClickHouse at %s: /ping answers %s", addr, res.Status)
	}
	return nil
}

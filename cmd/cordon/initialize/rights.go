package initialize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/wkafka"
)

// rights are what the users of Kafka are allowed.
type rights struct {
	wanted    bool
	principal string
	writers   []string
}

func (r *rights) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&r.wanted, "acls", false, "allow each service's Kafka user what it needs; what was allowed before stays")
	fs.StringVar(&r.principal, "principal", access.Default, "Kafka principals of the services and writers; {service} stands for the name")
	fs.StringSliceVar(&r.writers, "raw-writers", nil, "names of others that may write raw records, such as sensors")
}

// give allows each service what it needs.
func (r *rights) give(ctx context.Context, w io.Writer, k wkafka.Config, t cordon.Topics) error {
	if !r.wanted {
		if len(r.writers) > 0 {
			return errors.New("raw-writers needs acls as well")
		}
		return nil
	}
	a := wkafka.NewAdmin(k)
	defer a.Close()
	acls := access.Deployment(t, r.principal, r.writers)
	err := a.AddACLs(ctx, acls...)
	if errors.Is(err, wkafka.ErrNoACLs) {
		return fmt.Errorf("%w; set authorizer.class.name on the brokers, or leave --acls out", err)
	}
	if err != nil {
		return err
	}
	if err := seen(ctx, a, acls); err != nil {
		return err
	}
	fmt.Fprintf(w, "rights    %d for", len(acls))
	for _, s := range access.Services(t) {
		fmt.Fprintf(w, " %s", access.Principal(r.principal, s.Name))
	}
	for _, name := range r.writers {
		fmt.Fprintf(w, " %s", access.Principal(r.principal, name))
	}
	fmt.Fprintln(w)
	return nil
}

// seen waits until the broker goes by acls: it hears of them a moment after
// the controller has them, and services may start at once.
func seen(ctx context.Context, a *wkafka.Admin, acls []wkafka.ACL) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		have, err := a.ACLs(ctx)
		if err != nil {
			return err
		}
		lack := access.Lacking(have, acls)
		if len(lack) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("added, and yet not in force: %v", lack)
		case <-tick.C:
		}
	}
}

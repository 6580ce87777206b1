// Command cordon finds internet-of-things devices that go bad, proves why, and
// cuts them off.
package main

import (
	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/broker"
	"github.com/cordon-iot/cordon/cmd/cordon/demo"
	"github.com/cordon-iot/cordon/cmd/cordon/dlq"
	"github.com/cordon-iot/cordon/cmd/cordon/doctor"
	"github.com/cordon-iot/cordon/cmd/cordon/feed"
	"github.com/cordon-iot/cordon/cmd/cordon/initialize"
	"github.com/cordon-iot/cordon/cmd/cordon/query"
	"github.com/cordon-iot/cordon/cmd/cordon/secrets"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/cmd/cordon/tap"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/cmd/cordon/up"
	"github.com/cordon-iot/cordon/internal/service"
)

func main() { service.Main(root()) }

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "cordon",
		Short:         "see an IoT device go bad, prove why, and cut it off",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	add(c, "Run", up.Command(), demo.Command())
	add(c, "Look", tap.Command(), query.Command())
	add(c, "Use", feed.Command(), dlq.Command())
	add(c, "Operate", doctor.Command(), up.ConfigCommand(), initialize.Command(), secrets.Command(), topics.Command(), broker.Command(), store.Command())
	return c
}

// add adds commands under a heading of their own.
func add(to *cobra.Command, heading string, commands ...*cobra.Command) {
	to.AddGroup(&cobra.Group{ID: heading, Title: heading})
	for _, c := range commands {
		c.GroupID = heading
		to.AddCommand(c)
	}
}

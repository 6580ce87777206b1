package tap

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/show"
	"github.com/cordon-iot/cordon/internal/service"
)

// Command is `cordon tap`.
func Command() *cobra.Command {
	var o Options
	var from, output string
	c := &cobra.Command{
		Use:   "tap TOPIC",
		Short: "Show the records of a topic as they come",
		Long: "Show the records of a topic as they come: raw.zeek, raw.eve, raw.ocsf, events, rejected,\n" +
			"findings, actions or devices. It only reads.",
		Args:    cobra.ExactArgs(1),
		Example: "  cordon tap findings\n  cordon tap events --key cam-0417 --from start -n 20 -o json",
	}
	f := client.Bind(c).WithKafka()
	c.Flags().IntVarP(&o.Count, "count", "n", 0, "stop after so many records; 0 goes on")
	c.Flags().StringVar(&from, "from", "end", "start or end of the topic")
	c.Flags().BoolVar(&o.Exit, "exit", false, "stop at the end of the topic")
	c.Flags().StringVar(&o.Key, "key", "", "only records with this key, such as a device")
	c.Flags().StringVarP(&output, "output", "o", "auto", "line or json; auto is line on a terminal")
	c.RunE = func(c *cobra.Command, args []string) error {
		k, topics, err := f.Kafka(c.Context())
		if err != nil {
			return err
		}
		o.Topic = args[0]
		if o.Start, err = isStart(from); err != nil {
			return err
		}
		write, err := writer(c.OutOrStdout(), output, topics)
		if err != nil {
			return err
		}
		return Read(c.Context(), k, topics, o, write)
	}
	service.Bindable(c)
	return c
}

func writer(w io.Writer, output string, t cordon.Topics) (func(cordon.Record) error, error) {
	if output == "auto" {
		output = "json"
		if show.Terminal(w) {
			output = "line"
		}
	}
	style, columns := show.StyleOf(w), width(w)
	return lineWriter(w, output, func(r cordon.Record) string { return style.Record(t, r, columns) })
}

func isStart(from string) (bool, error) {
	switch from {
	case "start", "end":
		return from == "start", nil
	}
	return false, fmt.Errorf("from %q: want start or end", from)
}

// width is the number of columns of a terminal; 0 elsewhere.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

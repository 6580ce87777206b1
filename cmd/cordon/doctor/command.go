package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/show"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/service"
)

// month is long enough to have a certificate renewed.
const month = 30 * 24 * time.Hour

// Command is `cordon doctor`.
func Command() *cobra.Command {
	o := Options{Now: time.Now, CertWarning: month}
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at brokers, topics, rights and readers, and say what is wrong",
		Long: "Look at brokers, topics, rights and consumer groups, and say what is wrong, why that matters\n" +
			"and what to do. The exit code is 0 when nothing fails, warnings or not, and 1 otherwise.\n\n" +
			"To learn the brokers' time it writes a record to a topic of its own, cordon.doctor, which is\n" +
			"kept for a minute; --read-only leaves that out.",
		Args: cobra.NoArgs,
	}
	f := client.Bind(c).WithKafka()
	t := topics.Flags{Keep: topics.Retention{Raw: topics.DefaultRaw, Events: topics.DefaultEvents}}
	c.Flags().IntVar(&t.Replication, "replication", 3, "copies of each partition that are wanted, at least")
	c.Flags().StringVar(&o.Principal, "principal", access.Default, "the services' Kafka principals; {service} stands for the name")
	c.Flags().BoolVar(&o.ReadOnly, "read-only", false, "write no record to learn the brokers' time")
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, names, err := f.KafkaUnseen()
		if err != nil {
			return err
		}
		o.Topics = names
		o.Expect = topics.Expect{Topics: names, Specs: t.Keep.Specs(names, 0, 0), Replication: t.Replication, InSync: max(1, t.Replication-1)}
		r := Examine(c.Context(), cfg, o)
		if err := write(c.OutOrStdout(), r, asJSON); err != nil {
			return err
		}
		if r.Failures > 0 {
			return fmt.Errorf("%d things do not work, %d may hurt later", r.Failures, r.Warnings)
		}
		return c.Context().Err()
	}
	service.Bindable(c)
	return c
}

func write(w io.Writer, r *Report, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return table(w, r)
}

// table writes the findings area by area, what is wrong with its next step on
// a line of its own.
func table(w io.Writer, r *Report) error {
	style := show.StyleOf(w)
	var b strings.Builder
	area := ""
	for _, f := range r.Findings {
		if f.Area != area {
			area = f.Area
			fmt.Fprintf(&b, "%s\n", style.Strong(area))
		}
		level := fmt.Sprintf("%-4s", f.Level)
		switch f.Level {
		case topics.OK:
			level = style.Good(level)
		case topics.Warn:
			level = style.Note(level)
		case topics.Fail:
			level = style.Bad(level)
		}
		took := ""
		if f.Millis > 0 {
			took = fmt.Sprintf(" in %d ms", f.Millis)
		}
		fmt.Fprintf(&b, "  %s  %s: %s%s\n", level, f.Name, f.Saw, took)
		if f.Next != "" {
			fmt.Fprintf(&b, "        %s %s\n", style.Faint("next:"), f.Next)
		}
	}
	fmt.Fprintf(&b, "%d looked at, %d warnings, %d failures\n", len(r.Findings), r.Warnings, r.Failures)
	_, err := io.WriteString(w, b.String())
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

package dlq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/internal/service"
)

// Command is `cordon dlq`.
func Command() *cobra.Command {
	c := &cobra.Command{
		Use:   "dlq",
		Short: "Records that were refused: list them, show one, have them handled once more",
		Long: "Records that services refused (topic rejected) or gave up on (topics TOPIC.dlq).\n" +
			"Nothing is ever deleted from these topics.",
	}
	c.AddCommand(listCommand(), showCommand(), retryCommand())
	return c
}

// filterFlags are those of list and retry.
type filterFlags struct {
	f     Filter
	since string
}

func (f *filterFlags) bind(c *cobra.Command) {
	c.Flags().StringVar(&f.f.Reason, "reason", "", "only of this reason, or of its kind: json is json.syntax and others")
	c.Flags().StringVar(&f.f.Service, "service", "", "only what this service refused, or this consumer group gave up on")
	c.Flags().StringVar(&f.f.Topic, "topic", "", "only what stood in this topic, such as raw.zeek")
	c.Flags().StringVar(&f.since, "since", "", "only what was parked since then: a time such as 2026-11-24T08:00:00Z, or a length such as 2h")
}

// filter is what the flags and the positions in args choose.
func (f *filterFlags) filter(args []string, t cordon.Topics, now time.Time) (Filter, error) {
	out := f.f
	var err error
	if out.Since, err = parseSince(f.since, now); err != nil {
		return out, err
	}
	for _, a := range args {
		p, err := cordon.ParsePosition(a)
		if err != nil {
			return out, err
		}
		if !strings.HasPrefix(p.Topic, t.Prefix) {
			p.Topic = t.Prefix + p.Topic
		}
		out.At = append(out.At, p)
	}
	return out, nil
}

func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("since %q: want a time such as 2026-11-24T08:00:00Z or a length such as 2h", text)
	}
	return at, nil
}

// with finds the deployment and calls f with its queue.
func with(c *cobra.Command, k *client.Flags, f func(context.Context, *Queue) error) error {
	cfg, topics, err := k.Kafka(c.Context())
	if err != nil {
		return err
	}
	q := Open(cfg, topics)
	defer q.Close()
	return f(c.Context(), q)
}

func listCommand() *cobra.Command {
	var f filterFlags
	var n int
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List parked records, and count them by reason", Args: cobra.NoArgs,
		Example: "  cordon dlq list --since 2h\n  cordon dlq list --reason json --topic raw.zeek --json",
	}
	k := client.Bind(c).WithKafka()
	f.bind(c)
	c.Flags().IntVarP(&n, "count", "n", 20, "show no more than the last so many; 0: all")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line, with the bytes")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return with(c, k, func(ctx context.Context, q *Queue) error {
			filter, err := f.filter(nil, q.topics, time.Now())
			if err != nil {
				return err
			}
			entries, err := q.Entries(ctx, filter)
			if err != nil {
				return err
			}
			if asJSON {
				return listJSON(c.OutOrStdout(), entries)
			}
			return list(c.OutOrStdout(), entries, n)
		})
	}
	service.Bindable(c)
	return c
}

func showCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "show POSITION", Short: "Show a parked record: why, from where, its bytes, and whether it was retried",
		Args: cobra.ExactArgs(1), Example: "  cordon dlq show rejected/3/17",
	}
	k := client.Bind(c).WithKafka()
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		return with(c, k, func(ctx context.Context, q *Queue) error {
			entries, err := q.chosen(ctx, &filterFlags{}, args)
			if err != nil {
				return err
			}
			retried, err := q.Retries(ctx, entries)
			if err != nil {
				return err
			}
			e := entries[0]
			if asJSON {
				enc := json.NewEncoder(c.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(toJSON(e, retried[e.At]))
			}
			return one(c.OutOrStdout(), e, retried[e.At])
		})
	}
	service.Bindable(c)
	return c
}

// chosen are the entries that f and the positions in args choose; all of these
// must be there.
func (q *Queue) chosen(ctx context.Context, f *filterFlags, args []string) ([]Entry, error) {
	filter, err := f.filter(args, q.topics, time.Now())
	if err != nil {
		return nil, err
	}
	entries, err := q.Entries(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, at := range filter.At {
		if !slices.ContainsFunc(entries, func(e Entry) bool { return e.At == at }) {
			return nil, fmt.Errorf("no parked record at %s; cordon dlq list shows them", at)
		}
	}
	return entries, nil
}

func retryCommand() *cobra.Command {
	var f filterFlags
	var o RetryOptions
	var all bool
	c := &cobra.Command{
		Use: "retry [POSITION]...", Short: "Append parked records once more where they stood",
		Long: "Append parked records once more to the topic where they stood: their bytes, key and headers,\n" +
			"and a header cordon-retry with the position of the parked one. What has such a record in the\n" +
			"log is not retried again without --force. Parked records stay where they are.",
		Example: "  cordon dlq retry rejected/3/17\n  cordon dlq retry --reason time --since 2h --dry-run",
	}
	k := client.Bind(c).WithKafka()
	f.bind(c)
	c.Flags().BoolVar(&all, "all", false, "all parked records")
	c.Flags().BoolVar(&o.Force, "force", false, "also those that were retried before")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would be done")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 && f.f.everything() && f.since == "" && !all {
			return errors.New("say which: positions, --reason, --service, --topic, --since or --all")
		}
		return with(c, k, func(ctx context.Context, q *Queue) error {
			entries, err := q.chosen(ctx, &f, args)
			if err != nil {
				return err
			}
			return retryAll(ctx, c.OutOrStdout(), q, entries, o)
		})
	}
	service.Bindable(c)
	return c
}

// retryAll retries and says what became of each.
func retryAll(ctx context.Context, w io.Writer, q *Queue, entries []Entry, o RetryOptions) error {
	done, left := 0, 0
	err := q.Retry(ctx, entries, o, func(out Outcome) {
		switch {
		case out.Err != nil:
			left++
			fmt.Fprintf(w, "left      %s: %v%s\n", out.Entry.At, out.Err, earlier(out.Before))
			return
		case o.DryRun:
			fmt.Fprintf(w, "would go  %s -> %s%s\n", out.Entry.At, out.To.Topic, lost(out.Lost))
		default:
			fmt.Fprintf(w, "retried   %s -> %s%s\n", out.Entry.At, out.To, lost(out.Lost))
		}
		done++
	})
	if err != nil {
		return err
	}
	verb := "retried"
	if o.DryRun {
		verb = "to retry"
	}
	fmt.Fprintf(w, "%d %s, %d left\n", done, verb, left)
	return nil
}

func earlier(at []cordon.Position) string {
	if len(at) == 0 {
		return ""
	}
	return " (at " + at[len(at)-1].String() + ")"
}

func lost(is bool) string {
	if is {
		return " without its headers: it is gone from where it stood"
	}
	return ""
}

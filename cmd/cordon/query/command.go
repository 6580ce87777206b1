package query

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/internal/service"
)

const longestSQL = 1 << 20

// Command is `cordon query`.
func Command() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "query SQL",
		Short: "Ask ClickHouse what happened",
		Long: "Ask ClickHouse what happened; - reads the statement from standard input. It only reads, as a user\n" +
			"that may do no more. Views for people and dashboards: v1_events, v1_findings, v1_actions,\n" +
			"v1_quarantines, v1_devices.",
		Args: cobra.ExactArgs(1),
		Example: "  cordon query 'SELECT policy_id, count() FROM v1_findings GROUP BY policy_id'\n" +
			"  cordon query -o csv 'SELECT * FROM v1_quarantines' > quarantines.csv",
	}
	f := client.Bind(c).WithStore()
	c.Flags().StringVarP(&output, "output", "o", "table", "table, json (one object per line), csv or tsv")
	c.RunE = func(c *cobra.Command, args []string) error {
		sql, err := statement(args[0], c.InOrStdin())
		if err != nil {
			return err
		}
		dsn, err := f.Store()
		if err != nil {
			return err
		}
		return Run(c.Context(), dsn, sql, output, c.OutOrStdout())
	}
	service.Bindable(c)
	return c
}

func statement(arg string, stdin io.Reader) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	b, err := io.ReadAll(io.LimitReader(stdin, longestSQL+1))
	if err != nil {
		return "", err
	}
	if len(b) > longestSQL {
		return "", fmt.Errorf("the statement is longer than %d bytes", longestSQL)
	}
	return string(b), nil
}

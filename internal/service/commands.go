package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// configCommand prints the settings of parent as they are in force.
func configCommand(parent *cobra.Command) *cobra.Command {
	var output string
	print := &cobra.Command{
		Use: "print", Short: "Print every setting in force and where it came from", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return PrintSettings(c.OutOrStdout(), output, Settings(parent))
		},
	}
	print.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	c := &cobra.Command{Use: "config", Short: "Look at the settings"}
	c.AddCommand(print)
	return c
}

// PrintSettings writes settings to w as a table or as JSON.
func PrintSettings(w io.Writer, output string, settings []Setting) error {
	switch output {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(settings)
	case "table":
		tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(tw, "SETTING\tVALUE\tFROM\tVARIABLE")
		for _, s := range settings {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", s.Name, s.Value, s.Source, s.Env)
		}
		return tw.Flush()
	}
	return fmt.Errorf("output %q: want table or json", output)
}

// healthCommand asks a running process whether it is ready, for containers
// without a shell.
func healthCommand(p *processFlags) *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Exit 0 when the process at --listen is ready", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client := http.Client{Timeout: 3 * time.Second}
			req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, "http://"+p.listen+"/readyz", nil)
			if err != nil {
				return err
			}
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("not ready: %s", body)
			}
			return err
		},
	}
}

package service

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Annotations of flags.
const (
	secret  = "cordon-secret"      // the value is never printed
	environ = "cordon-environment" // the environment set it
)

// EnvName is the variable that sets flag: --kafka-brokers is
// CORDON_KAFKA_BROKERS.
func EnvName(flag string) string {
	return "CORDON_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// MarkSecret says that the value of flag is never printed.
func MarkSecret(fs *pflag.FlagSet, flag string) {
	if err := fs.SetAnnotation(flag, secret, nil); err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}

// Bindable lets the environment set every flag of c that the command line did
// not, and adds the variable's name to the flag's help.
func Bindable(c *cobra.Command) {
	visit(c, func(f *pflag.Flag) { f.Usage += " [" + EnvName(f.Name) + "]" })
	c.PersistentPreRunE = func(run *cobra.Command, _ []string) error {
		return fromEnv(run.Flags(), os.LookupEnv)
	}
}

// visit calls f for the flags of c itself.
func visit(c *cobra.Command, f func(*pflag.Flag)) {
	c.PersistentFlags().VisitAll(f)
	c.Flags().VisitAll(f)
}

func fromEnv(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var err error
	fs.VisitAll(func(f *pflag.Flag) {
		v, ok := lookup(EnvName(f.Name))
		if !ok || f.Changed || err != nil {
			return
		}
		if e := fs.Set(f.Name, v); e != nil {
			err = fmt.Errorf("%s: %w", EnvName(f.Name), e)
			return
		}
		err = fs.SetAnnotation(f.Name, environ, nil)
	})
	return err
}

// Setting is one setting in force.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"` // flag, environment or default
	Env    string `json:"env"`
	Usage  string `json:"usage"`
}

// Settings lists the settings of c as they are in force, secrets as ***.
func Settings(c *cobra.Command) []Setting {
	var out []Setting
	seen := map[string]bool{"help": true}
	visit(c, func(f *pflag.Flag) {
		if !seen[f.Name] {
			seen[f.Name] = true
			out = append(out, setting(f))
		}
	})
	return out
}

func setting(f *pflag.Flag) Setting {
	s := Setting{Name: f.Name, Value: f.Value.String(), Source: "default", Env: EnvName(f.Name)}
	s.Usage, _, _ = strings.Cut(f.Usage, " [CORDON_")
	if _, ok := f.Annotations[environ]; ok {
		s.Source = "environment"
	} else if f.Changed {
		s.Source = "flag"
	}
	if _, hide := f.Annotations[secret]; hide && s.Value != "" {
		s.Value = "***"
	}
	return s
}

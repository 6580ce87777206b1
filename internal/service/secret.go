package service

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Secret is a setting that comes from a file or the environment, never from
// the command line, which other users of the machine can read.
type Secret struct {
	name, file string
	lookup     func(string) (string, bool)
}

// BindSecret adds --name-file to fs; the variable of name holds the value
// itself.
func BindSecret(fs *pflag.FlagSet, name, usage string) *Secret {
	s := &Secret{name: name, lookup: os.LookupEnv}
	fs.StringVar(&s.file, name+"-file", "", "file with the "+usage+"; or the value itself in "+EnvName(name))
	return s
}

// Value reads the secret. It is an error when there is none.
func (s *Secret) Value() (string, error) {
	v, err := s.Optional()
	if err == nil && v == "" {
		return "", fmt.Errorf("%s is missing: set --%s-file or %s", s.name, s.name, EnvName(s.name))
	}
	return v, err
}

// Optional reads the secret; "" when there is none.
func (s *Secret) Optional() (string, error) {
	if s.file == "" {
		v, _ := s.lookup(EnvName(s.name))
		return v, nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return "", fmt.Errorf("%s-file: %w", s.name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// String hides the secret.
func (s *Secret) String() string { return "***" }

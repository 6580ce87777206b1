// Command storecmd is `cordon store` alone, for tests of other modules: it
// builds in seconds, without the rest of cordon.
package main

import (
	"fmt"
	"os"

	"github.com/cordon-iot/cordon/cmd/cordon/store"
)

func main() {
	if err := store.Command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "cordon store:", err)
		os.Exit(1)
	}
}

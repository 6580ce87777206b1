package service

import "fmt"

// Restoring keeps the part "state" of sh's health: it is not ready while
// partitions that were assigned wait for the state that their work needs, of
// which left records are still to be read.
func (sh *Shell) Restoring(partitions int, left int64) {
	if partitions == 0 {
		sh.Health.Set("state", nil)
		return
	}
	sh.Health.Set("state", fmt.Errorf("restoring %d partitions, %d records left", partitions, left))
}

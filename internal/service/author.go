package service

import (
	"cmp"
	"os"
)

// Author names whoever runs this process, as user@host, for records of what
// people decided.
func Author() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return cmp.Or(os.Getenv("USER"), os.Getenv("LOGNAME"), "unknown") + "@" + host
}

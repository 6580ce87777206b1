// Package policies holds the rule pack that comes with cordon, for programs
// that are started where no policies directory is found.
package policies

import "embed"

// Files are the policies, laid out as in this directory.
//
//go:embed *
var Files embed.FS

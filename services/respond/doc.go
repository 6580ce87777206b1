// Package respond is one service of cordon.
package respond

// Package detect is one service of cordon.
package detect

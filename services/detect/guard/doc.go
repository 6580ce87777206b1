// Package guard compiles policies once in a process of their own, with limits,
// before this one does.
//
// OPA's compiler has no deadline: 192 bytes of nested comprehensions keep it
// busy for 20 seconds, and a few more for hours. No goroutine can be stopped
// from outside, so that a policy which does that would take the service with
// it. A process can be killed, and then the policy that it was working on is
// known by name and left out.
package guard

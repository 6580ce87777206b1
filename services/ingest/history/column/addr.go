package column

import (
	"net/netip"

	"github.com/ClickHouse/ch-go/proto"
)

// Addrs is a column of type IPv6. IPv4 addresses are kept as ::ffff:a.b.c.d,
// no address as ::.
type Addrs struct{ rows proto.ColIPv6 }

// Append adds an address; its zone is lost.
func (c *Addrs) Append(a netip.Addr) {
	if !a.IsValid() {
		a = netip.IPv6Unspecified()
	}
	c.rows = append(c.rows, proto.IPv6(a.As16()))
}

// Rows is the number of addresses.
func (c *Addrs) Rows() int { return len(c.rows) }

// Pad appends :: until there are n addresses.
func (c *Addrs) Pad(n int) {
	for len(c.rows) < n {
		c.rows = append(c.rows, proto.IPv6{})
	}
}

// Reset removes all addresses.
func (c *Addrs) Reset() { c.rows = c.rows[:0] }

func (c *Addrs) encode(b *proto.Buffer) { c.rows.EncodeColumn(b) }

package up

import "net"

// taken reports whether another program listens on address.
func taken(address string) bool {
	l, err := net.Listen("tcp", address) //nolint:noctx // it does not block
	if err != nil {
		return true
	}
	l.Close()
	return false
}

// anyPort is the host of address with a port that is free now.
func anyPort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0")) //nolint:noctx // it does not block
	if err != nil {
		return address
	}
	defer l.Close()
	return l.Addr().String()
}

// fixed is address with a port that is free now in place of 0.
func fixed(address string) string {
	if _, port, err := net.SplitHostPort(address); err != nil || port != "0" {
		return address
	}
	return anyPort(address)
}

package main

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Load may only go to this machine: loopback, and the pod and Service networks that exist inside a test cluster's
// namespace alone.
var allowedNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.244.0.0/16"),
	netip.MustParsePrefix("10.96.0.0/16"),
}

// checkAddress refuses an "ip:port" outside the allowed networks.
func checkAddress(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	ip := at.Addr().Unmap()
	for _, network := range allowedNetworks {
		if network.Contains(ip) {
			return nil
		}
	}
	return fmt.Errorf("address %s is not allowed: load goes to %v only", address, allowedNetworks)
}

// guardedDialer checks the address that is really dialled, after names were resolved.
func guardedDialer() *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address) }}
}

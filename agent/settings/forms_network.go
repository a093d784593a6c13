package settings

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// peers is a list of hosts, each with or without a port.
func peers(field *[]string) form {
	return into(field, "hosts, each with or without `:port`, separated by commas", func(value string) ([]string, error) {
		list := fields(value)
		if len(list) == 0 {
			return nil, errors.New("names no host")
		}
		for _, peer := range list {
			if !isHost(peer) && !isHostPort(peer) {
				return nil, errors.New("has an entry that is neither a host nor host:port")
			}
		}
		return list, nil
	})
}

// fields splits at commas and white space.
func fields(value string) []string {
	return strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' })
}

func listenAddress(field *string) form {
	return checked(field, "host:port, or `:port` for every interface", func(value string) bool {
		host, port, err := net.SplitHostPort(value)
		return err == nil && (host == "" || isHost(host)) && isPort(port)
	}, "is not host:port")
}

func isHostPort(value string) bool {
	host, port, err := net.SplitHostPort(value)
	return err == nil && isHost(host) && isPort(port)
}

func isHost(value string) bool {
	_, err := netip.ParseAddr(value)
	return err == nil || isHostName(value)
}

func isPort(value string) bool {
	port, err := strconv.ParseUint(value, 10, 16)
	return err == nil && port > 0
}

// isHostName follows RFC 1123, section 2.1, with the underscores that names of SRV records have (RFC 2782). A last label
// of digits only would be a mistyped IPv4 address.
func isHostName(value string) bool {
	value = strings.TrimSuffix(value, ".")
	labels := strings.Split(value, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || !only(label, "-_") || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(value) <= 253 && !onlyDigits(labels[len(labels)-1])
}

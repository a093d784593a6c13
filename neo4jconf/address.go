package neo4jconf

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Neo4j's default ports (manual, "Ports"), the same in 3.5 and 4.x.
const (
	boltPort        = 7687
	httpPort        = 7474
	httpsPort       = 7473
	discoveryPort   = 5000
	transactionPort = 6000
	raftPort        = 7000
	backupPort      = 6362
)

// address is a host and a port; an empty host and port 0 are ones that nobody gave.
type address struct {
	host string
	port int
}

func (a address) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// parseAddress reads host, host:port, :port, [host]:port, an IPv6 address with or without brackets, and a range of ports
// as in the backup address of 3.5, of which it returns the first.
func parseAddress(text string) (address, error) {
	text = strings.TrimSpace(text)
	if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		return address{host: text}, nil
	}
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:i], text[i+1:]
		if port == "" {
			return address{}, fmt.Errorf("%q has no port after the colon", text)
		}
	}
	a := address{host: strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")}
	if strings.ContainsAny(a.host, " ,\t") {
		return address{}, fmt.Errorf("%q is not one host", text)
	}
	if port == "" {
		return a, nil
	}
	first, _, _ := strings.Cut(port, "-")
	number, err := strconv.Atoi(first)
	if err != nil || number < 0 || number > 65535 {
		return address{}, fmt.Errorf("%q has no port between 0 and 65535", text)
	}
	a.port = number
	return a, nil
}

// anywhere tells whether a host means all interfaces.
func anywhere(host string) bool { return host == "0.0.0.0" || host == "::" }

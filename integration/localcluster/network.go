package localcluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	blocks       = 50 // clusters that can run on one machine at the same time
	blockMembers = 40 // members that a block has room for
	memberPorts  = 10 // ports kept for a member that shares its address
	firstPort    = 12000
)

// Endpoint is where one member listens.
type Endpoint struct {
	Host  string
	Ports Ports
}

// Ports of one member.
type Ports struct{ Agent, HTTP, Bolt, Discovery, Transaction, Raft, Backup int }

// standardPorts are the agent's and Neo4j 3.5's defaults.
var standardPorts = Ports{Agent: 7470, HTTP: 7474, Bolt: 7687, Discovery: 5000, Transaction: 6000, Raft: 7000, Backup: 6362}

// Network is a block of addresses or ports of this machine that no other cluster uses meanwhile.
type Network struct {
	lock  *os.File
	block int
	own   bool // each member has its own address
	size  int
}

// Addresses reserves endpoints for n members. Root gives each an address of its own, 127.0.K.1 to 127.0.K.n with the
// standard ports; they are added to lo, since Neo4j's discovery only binds addresses that an interface has. Otherwise
// all share 127.0.0.1 on different ports. Release gives them back.
func Addresses(n int) (*Network, error) {
	if n > blockMembers {
		return nil, fmt.Errorf("cannot reserve %d addresses: the most is %d", n, blockMembers)
	}
	for block := 1; block <= blocks; block++ {
		network, err := tryBlock(block, n, ownAddresses())
		if err != nil {
			return nil, err
		}
		if network != nil {
			return network, nil
		}
	}
	return nil, fmt.Errorf("cannot reserve addresses: all %d blocks are in use", blocks)
}

// ownAddresses tells whether we may change the addresses of lo: root in a container often may not.
func ownAddresses() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var capabilities [2]unix.CapUserData
	if err := unix.Capget(&header, &capabilities[0]); err != nil {
		return false
	}
	return os.Geteuid() == 0 && capabilities[0].Effective&(1<<unix.CAP_NET_ADMIN) != 0
}

// tryBlock reserves one block; the network is nil when others use it.
func tryBlock(block, n int, own bool) (*Network, error) {
	kind := "ports"
	if own {
		kind = "addresses"
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("neo4j-agent-%s-%d.lock", kind, block))
	lock, held, err := tryLock(path)
	if held || errors.Is(err, os.ErrPermission) { // another user's block
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	network := &Network{lock: lock, block: block, own: own, size: n}
	free, err := network.free()
	if err == nil && free && own {
		err = network.addAddresses()
	}
	if err != nil || !free {
		_ = lock.Close()
		return nil, err
	}
	return network, nil
}

// Endpoint is that of member i, from 1.
func (w *Network) Endpoint(i int) Endpoint {
	if w.own {
		return Endpoint{Host: fmt.Sprintf("127.0.%d.%d", w.block, i), Ports: standardPorts}
	}
	// The last block ends at 32400, below the ports that Linux gives to clients (ip_local_port_range: from 32768).
	base := firstPort + memberPorts*(blockMembers*(w.block-1)+i-1)
	return Endpoint{Host: "127.0.0.1", Ports: Ports{
		Agent: base, HTTP: base + 1, Bolt: base + 2, Discovery: base + 3, Transaction: base + 4, Raft: base + 5, Backup: base + 6,
	}}
}

// Release gives the block back and takes away the addresses that were added for it.
func (w *Network) Release() error {
	var failures []error
	if w.own {
		failures = append(failures, w.removeAddresses())
	}
	failures = append(failures, w.lock.Close())
	return errors.Join(failures...)
}

// free tells whether nobody outside this package uses the block. Addresses that the lock file names are those of a run
// that was killed: they are taken away first.
func (w *Network) free() (bool, error) {
	if !w.own {
		return w.portsAreFree(), nil
	}
	if err := w.removeAddresses(); err != nil {
		return false, err
	}
	present, err := loopbackAddresses()
	if err != nil {
		return false, err
	}
	for _, address := range present {
		if strings.HasPrefix(address, fmt.Sprintf("127.0.%d.", w.block)) {
			return false, nil
		}
	}
	return true, nil
}

func (w *Network) portsAreFree() bool {
	for i := 1; i <= w.size; i++ {
		p := w.Endpoint(i).Ports
		for _, port := range []int{p.Agent, p.HTTP, p.Bolt, p.Discovery, p.Transaction, p.Raft, p.Backup} {
			listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				return false
			}
			_ = listener.Close()
		}
	}
	return true
}

// addAddresses writes the addresses into the lock file, then adds them to lo: what is not in the file is not ours.
func (w *Network) addAddresses() error {
	var hosts []string
	for i := 1; i <= w.size; i++ {
		hosts = append(hosts, w.Endpoint(i).Host)
	}
	if _, err := w.lock.WriteAt([]byte(strings.Join(hosts, "\n")+"\n"), 0); err != nil {
		return fmt.Errorf("cannot note the addresses: %v", err)
	}
	for _, host := range hosts {
		if err := ip("addr", "add", host+"/32", "dev", "lo"); err != nil {
			return errors.Join(err, w.removeAddresses())
		}
	}
	return nil
}

// removeAddresses takes away the addresses that the lock file names, as far as they are there, and empties it.
func (w *Network) removeAddresses() error {
	text, err := os.ReadFile(w.lock.Name())
	if err != nil {
		return fmt.Errorf("cannot read which addresses were added: %v", err)
	}
	present, err := loopbackAddresses()
	if err != nil {
		return err
	}
	ours := strings.Fields(string(text))
	for _, address := range present {
		for _, host := range ours {
			if address == host {
				if err := ip("addr", "del", host+"/32", "dev", "lo"); err != nil {
					return err
				}
			}
		}
	}
	return w.lock.Truncate(0)
}

// loopbackAddresses lists the IPv4 addresses of lo.
func loopbackAddresses() ([]string, error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, fmt.Errorf("cannot read the addresses of lo: %v", err)
	}
	networks, err := lo.Addrs()
	if err != nil {
		return nil, fmt.Errorf("cannot read the addresses of lo: %v", err)
	}
	var found []string
	for _, network := range networks {
		if address, ok := network.(*net.IPNet); ok {
			found = append(found, address.IP.String())
		}
	}
	return found, nil
}

// ip runs ip(8).
func ip(args ...string) error {
	path, err := need("ip", "iproute2 (Debian: apt-get install iproute2)")
	if err != nil {
		return err
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

package localcluster

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

func reserve(t *testing.T, n int) *Network {
	t.Helper()
	network, err := Addresses(n)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

func release(t *testing.T, network *Network) {
	t.Helper()
	if err := network.Release(); err != nil {
		t.Error(err)
	}
}

// onLoopback lists what lo has of a network's block: others may come and go meanwhile.
func onLoopback(t *testing.T, network *Network) []string {
	t.Helper()
	if !network.own {
		return nil
	}
	addresses, err := loopbackAddresses()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(addresses, func(address string) bool {
		return !strings.HasPrefix(address, fmt.Sprintf("127.0.%d.", network.block))
	})
}

// hosts are the addresses that lo must have while the network is reserved.
func hosts(network *Network) (want []string) {
	for i := 1; i <= network.size && network.own; i++ {
		want = append(want, network.Endpoint(i).Host)
	}
	return want
}

func TestTwoClustersGetEndpointsThatDoNotMeet(t *testing.T) {
	first, second := reserve(t, 3), reserve(t, 3)
	defer release(t, first)
	defer release(t, second)
	seen := map[string]bool{}
	for _, network := range []*Network{first, second} {
		for i := 1; i <= 3; i++ {
			e := network.Endpoint(i)
			for _, port := range []int{e.Ports.Agent, e.Ports.HTTP, e.Ports.Bolt, e.Ports.Discovery, e.Ports.Transaction, e.Ports.Raft, e.Ports.Backup} {
				address := e.at(port)
				if seen[address] {
					t.Errorf("%s is given twice", address)
				}
				seen[address] = true
				listener, err := net.Listen("tcp", address)
				if err != nil {
					t.Errorf("%s cannot be used: %v", address, err)
					continue
				}
				_ = listener.Close()
			}
		}
	}
}

func TestTheAddedAddressesAreThereUntilTheRelease(t *testing.T) {
	network := reserve(t, 2)
	if got, want := onLoopback(t, network), hosts(network); !slices.Equal(got, want) {
		t.Errorf("lo has %v, want %v", got, want)
	}
	release(t, network)
	if got := onLoopback(t, network); len(got) > 0 {
		t.Errorf("after the release lo still has %v", got)
	}
}

func TestTheAddressesOfAKilledRunAreTakenOver(t *testing.T) {
	killed := reserve(t, 3)
	if err := killed.lock.Close(); err != nil { // as the kernel does for a killed process
		t.Fatal(err)
	}
	next, err := tryBlock(killed.block, 2, killed.own)
	if err != nil || next == nil {
		t.Fatalf("the block is not given out again: %v", err)
	}
	if got, want := onLoopback(t, next), hosts(next); !slices.Equal(got, want) {
		t.Errorf("lo has %v, want %v", got, want)
	}
	release(t, next)
	if got := onLoopback(t, next); len(got) > 0 {
		t.Errorf("after the release lo still has %v", got)
	}
}

func TestABlockInStrangeHandsIsLeftAlone(t *testing.T) {
	network := reserve(t, 1)
	stranger := network.Endpoint(1)
	block := network.block
	if network.own {
		release(t, network)
		if err := ip("addr", "add", stranger.Host+"/32", "dev", "lo"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ip("addr", "del", stranger.Host+"/32", "dev", "lo") }()
	} else {
		release(t, network)
		listener, err := net.Listen("tcp", stranger.at(stranger.Ports.Raft))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
	}
	next, err := tryBlock(block, 1, ownAddresses())
	if err != nil {
		t.Fatal(err)
	}
	if next != nil {
		release(t, next)
		t.Error("the block is given out although somebody else uses it")
	}
}

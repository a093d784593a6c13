package peers_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"neo4j-agent/agent/peers"
)

var _ peers.IMDS = (*imds.Client)(nil)

// container is an answer of the task metadata endpoint, version 4, shortened from
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html
const container = `{"DockerId":"cd189a933e5849daa93386466019ab50-2495160603","Name":"neo4j","Type":"NORMAL","LaunchType":"EC2",
"Limits":{"CPU":2},"Networks":[{"NetworkMode":"%s","IPv4Addresses":[%s],"IPv6Addresses":[%s],"AttachmentIndex":0,
"MACAddress":"0a:de:f6:10:51:e5","IPv4SubnetCIDRBlock":"192.0.2.0/24","PrivateDNSName":"ip-192-0-2-3.us-west-2.compute.internal"}]}`

// fakeMachine is a machine in EC2 with an interface, a container's metadata and the instance's metadata.
type fakeMachine struct {
	task, instance   http.HandlerFunc
	interfaces       []string
	routed           string
	taskAsked, asked int
}

func (f *fakeMachine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host == "169.254.170.2":
		f.taskAsked++
		f.task(w, r)
	case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut:
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
		_, _ = fmt.Fprint(w, "token")
	case r.URL.Path == "/latest/meta-data/local-ipv4" && r.Header.Get("X-Aws-Ec2-Metadata-Token") == "token":
		f.asked++
		f.instance(w, r)
	default:
		http.Error(w, "version 2 only", http.StatusUnauthorized)
	}
}

func (f *fakeMachine) where() peers.Where {
	transport := &http.Client{Transport: inProcess{f}}
	return peers.Where{
		HTTP: transport, IMDS: imds.New(imds.Options{HTTPClient: transport, Endpoint: "http://169.254.169.254"}), Resolver: zone,
		Interfaces: func() (all []net.Addr, _ error) {
			for _, each := range f.interfaces {
				ip, network, _ := net.ParseCIDR(each)
				all = append(all, &net.IPNet{IP: ip, Mask: network.Mask})
			}
			return all, nil
		},
		Routed: func() (netip.Addr, error) { return netip.ParseAddr(f.routed) },
	}
}

func says(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, answer) }
}

func hangs(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func TestOwnAddress(t *testing.T) {
	awsvpc := says(fmt.Sprintf(container, "awsvpc", `"10.0.2.7"`, `"fd00::7"`))
	bridge := says(fmt.Sprintf(container, "bridge", `"172.17.0.2"`, ""))
	lo := []string{"127.0.0.1/8", "::1/128"}
	with := func(more ...string) []string { return append(lo, more...) }
	type where = peers.Where
	for name, c := range map[string]struct {
		machine fakeMachine
		where   where
		want    peers.Own
	}{
		"given wins": {fakeMachine{interfaces: with("10.0.0.5/24", "10.0.1.5/24"), routed: "10.0.0.5"}, where{Explicit: "10.0.1.5", EC2: true},
			peers.Own{Advertised: "10.0.1.5", Listen: "10.0.1.5", Source: "given"}},
		"given, but not on this machine": {fakeMachine{interfaces: with("10.0.0.5/24"), routed: "10.0.0.5"}, where{Explicit: "203.0.113.9"},
			peers.Own{Advertised: "203.0.113.9", Listen: "10.0.0.5", Source: "given"}},
		"given in loopback, which is all on this machine": {fakeMachine{interfaces: with("10.0.0.5/24"), routed: "10.0.0.5"}, where{Explicit: "127.0.1.2"},
			peers.Own{Advertised: "127.0.1.2", Listen: "127.0.1.2", Source: "given"}},
		"a name of this machine": {fakeMachine{interfaces: with("10.0.0.1/24", "10.0.9.9/24"), routed: "10.0.9.9"}, where{Explicit: "core-1"},
			peers.Own{Advertised: "core-1", Listen: "10.0.0.1", Source: "given", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
		"a name of another machine": {fakeMachine{interfaces: with("10.0.9.9/24"), routed: "10.0.9.9"}, where{Explicit: "core-1"},
			peers.Own{Advertised: "core-1", Listen: "10.0.9.9", Source: "given", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
		"a name that only others know": {fakeMachine{interfaces: with("10.0.9.9/24"), routed: "10.0.9.9"}, where{Explicit: "gone"},
			peers.Own{Advertised: "gone", Listen: "10.0.9.9", Source: "given"}},
		"awsvpc": {fakeMachine{task: awsvpc, interfaces: with("169.254.172.2/22", "10.0.2.7/24"), routed: "169.254.172.2"}, where{TaskMetadataURI: "http://169.254.170.2/v4/x", EC2: true},
			peers.Own{Advertised: "10.0.2.7", Listen: "10.0.2.7", Source: "task metadata"}},
		"awsvpc with IPv6 only": {fakeMachine{task: says(fmt.Sprintf(container, "awsvpc", "", `"fd00::7"`)), interfaces: with("fd00::7/64"), routed: "fd00::7"}, where{TaskMetadataURI: "http://169.254.170.2/v4/x"},
			peers.Own{Advertised: "fd00::7", Listen: "fd00::7", Source: "task metadata"}},
		"bridge on an instance": {fakeMachine{task: bridge, instance: says("10.0.0.8\n"), interfaces: with("172.17.0.2/16"), routed: "172.17.0.2"}, where{TaskMetadataURI: "http://169.254.170.2/v4/x"},
			peers.Own{Advertised: "10.0.0.8", Listen: "172.17.0.2", Source: "instance metadata"}},
		"an instance without ECS": {fakeMachine{instance: says("10.0.0.8"), interfaces: with("10.0.0.8/24", "172.17.0.1/16"), routed: "172.17.0.1"}, where{EC2: true},
			peers.Own{Advertised: "10.0.0.8", Listen: "10.0.0.8", Source: "instance metadata"}},
		"an instance that answers nonsense": {fakeMachine{instance: says("<html>"), interfaces: with("10.0.0.8/24"), routed: "10.0.0.8"}, where{EC2: true},
			peers.Own{Advertised: "10.0.0.8", Listen: "10.0.0.8", Source: "routed address"}},
		"a container without a network": {fakeMachine{task: says(fmt.Sprintf(container, "none", "", "")), instance: says("10.0.0.8"), interfaces: lo}, where{TaskMetadataURI: "http://169.254.170.2/v4/x", EC2: true},
			peers.Own{Advertised: "127.0.0.1", Listen: "127.0.0.1", Source: "routed address"}},
		"task metadata that hangs": {fakeMachine{task: hangs, instance: says("10.0.0.8"), interfaces: with("10.0.2.7/24"), routed: "10.0.2.7"}, where{TaskMetadataURI: "http://169.254.170.2/v4/x", EC2: true},
			peers.Own{Advertised: "10.0.2.7", Listen: "10.0.2.7", Source: "routed address"}},
		"instance metadata that hangs": {fakeMachine{instance: hangs, interfaces: with("10.0.2.7/24"), routed: "10.0.2.7"}, where{EC2: true},
			peers.Own{Advertised: "10.0.2.7", Listen: "10.0.2.7", Source: "routed address"}},
		"no AWS in sight": {fakeMachine{interfaces: with("192.168.1.5/24"), routed: "192.168.1.5"}, where{},
			peers.Own{Advertised: "192.168.1.5", Listen: "192.168.1.5", Source: "routed address"}},
		"no route": {fakeMachine{interfaces: with("fe80::1/64", "10.5.0.1/24")}, where{},
			peers.Own{Advertised: "10.5.0.1", Listen: "10.5.0.1", Source: "routed address"}},
		"no network": {fakeMachine{interfaces: lo}, where{},
			peers.Own{Advertised: "127.0.0.1", Listen: "127.0.0.1", Source: "routed address"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				machine := &c.machine
				w := machine.where()
				w.Explicit, w.TaskMetadataURI, w.EC2 = c.where.Explicit, c.where.TaskMetadataURI, c.where.EC2
				begun := time.Now()
				own := must[peers.Own](t)(peers.OwnAddress(background, w))
				if fmt.Sprint(own) != fmt.Sprint(c.want) {
					t.Errorf("got %+v, want %+v", own, c.want)
				}
				between(t, time.Since(begun), 0, time.Second)
				if c.where.TaskMetadataURI == "" && machine.taskAsked > 0 || !c.where.EC2 && c.want.Source != "instance metadata" && machine.asked > 0 {
					t.Error("metadata was asked where it cannot be")
				}
			})
		})
	}
}

func TestTaskMetadataIsAskedAgainWhenThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		machine := &fakeMachine{interfaces: []string{"10.0.2.7/24"}, routed: "10.0.2.8"}
		machine.task = func(w http.ResponseWriter, r *http.Request) {
			if machine.taskAsked < 4 {
				http.Error(w, "throttled", http.StatusTooManyRequests)
				return
			}
			says(fmt.Sprintf(container, "awsvpc", `"10.0.2.7"`, ""))(w, r)
		}
		w := machine.where()
		w.TaskMetadataURI = "http://169.254.170.2/v4/x"
		equal(t, must[peers.Own](t)(peers.OwnAddress(background, w)).Source, "task metadata")
	})
}

func TestAnAddressThatNobodyCanReachIsRefused(t *testing.T) {
	machine := &fakeMachine{interfaces: []string{"10.0.2.7/24"}, routed: "10.0.2.7"}
	for _, address := range []string{"0.0.0.0", "::", "224.0.0.1", "core-1:5000", "10.0.0.1:5000", "a b", "http://core-1", "[]"} {
		w := machine.where()
		w.Explicit = address
		if own, err := peers.OwnAddress(background, w); err == nil {
			t.Errorf("%q is taken as %+v", address, own)
		}
	}
}

func TestACancelledSearchForTheOwnAddressEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := (&fakeMachine{task: hangs, routed: "10.0.2.7"}).where()
		w.TaskMetadataURI = "http://169.254.170.2/v4/x"
		ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if _, err := peers.OwnAddress(ctx, w); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		equal(t, time.Since(begun), 100*time.Millisecond)
	})
}

func TestTheRoutedAddressIsOnThisMachine(t *testing.T) {
	addr, err := peers.RoutedAddress()
	if err != nil {
		routes, _ := os.ReadFile("/proc/net/route")
		if strings.Contains(string(routes), "\t00000000\t") {
			t.Errorf("%v although there is a default route", err)
		}
		return
	}
	all, err := net.InterfaceAddrs()
	if err != nil || !strings.Contains(fmt.Sprint(all), addr.String()+"/") {
		t.Errorf("%s is none of %v (%v)", addr, all, err)
	}
}

func TestTheTaskIsKnownByTheLastPartOfItsARN(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		// The name of the cluster is in the ARN of newer accounts only (account setting taskLongArnFormat).
		"long ARN":       {says(`{"Cluster":"default","TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c"}`), "158d1c8083dd49d6b527399fd6414f5c"},
		"short ARN":      {says(`{"TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/158d1c80-83dd-49d6-b527-399fd6414f5c"}`), "158d1c80-83dd-49d6-b527-399fd6414f5c"},
		"no ARN":         {says(`{}`), ""},
		"nonsense":       {says(`<html>`), ""},
		"nobody answers": {hangs, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				machine, begun := &fakeMachine{task: c.answer}, time.Now()
				got := peers.TaskID(t.Context(), &http.Client{Transport: inProcess{machine}}, "http://169.254.170.2/v4/x")
				if took := time.Since(begun); got != c.want || took > time.Second {
					t.Errorf("%q after %s, want %q within a second", got, took, c.want)
				}
			})
		})
	}
}

package peers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/peers/fakecloudmap"
)

func registration(t *testing.T, server *fakecloudmap.Server, id, host string, port int) *peers.Registration {
	t.Helper()
	return must[*peers.Registration](t)(peers.NewRegistration(client(server), service, id, host, port))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestARegisteredMemberIsFoundUntilItWithdraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.OperationTime = 20 * time.Second
		server.Add(service, "other", "10.0.0.9", fakecloudmap.Healthy)
		me := registration(t, server, "member-1", "10.0.0.1", 5001)
		begun := time.Now()
		check(t, me.Register(background))
		between(t, time.Since(begun), 20*time.Second, 25*time.Second)
		equal(t, hosts(peers.Gather(find(t, server), peers.Member{}, 2)), []string{"10.0.0.1:5001", "10.0.0.9"})
		equal(t, server.Instances(service)["member-1"], map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "5001", peers.PortAttribute: "5001"})

		check(t, me.Withdraw(background))
		check(t, me.Withdraw(background)) // again, as after a crash
		equal(t, hosts(find(t, server)), []string{"10.0.0.9"})
	})
}

func TestAClientRecordIsAnAddressAlone(t *testing.T) {
	server := cores()
	check(t, registration(t, server, "four", "10.0.0.1", 0).Register(background))
	check(t, registration(t, server, "six", "fd00::1", 0).Register(background))
	equal(t, server.Instances(service), map[string]map[string]string{"four": {"AWS_INSTANCE_IPV4": "10.0.0.1"}, "six": {"AWS_INSTANCE_IPV6": "fd00::1"}})
}

func TestRegisteringAgainMovesTheEntry(t *testing.T) {
	server := cores()
	check(t, registration(t, server, "member-1", "10.0.0.1", 5000).Register(background))
	check(t, registration(t, server, "member-1", "10.0.0.2", 5000).Register(background))
	equal(t, hosts(find(t, server)), []string{"10.0.0.2:5000"})
}

func TestTwoStartsOfOneMemberAtOnceBothComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.OperationTime = 10 * time.Second
		results := make(chan error)
		for _, host := range []string{"10.0.0.1", "10.0.0.2"} {
			go func() { results <- registration(t, server, "member-1", host, 5000).Register(background) }()
		}
		check(t, <-results)
		check(t, <-results)
		equal(t, len(server.Instances(service)), 1)
		check(t, registration(t, server, "member-1", "10.0.0.2", 5000).Withdraw(background))
		equal(t, len(server.Instances(service)), 0)
	})
}

func TestRegistrationGetsOverTrouble(t *testing.T) {
	for name, fault := range map[string]fakecloudmap.Fault{
		"throttled": {Code: "RequestLimitExceeded"}, "reset": {Reset: true}, "silent": {Slow: time.Hour},
		"refused": {Code: "AccessDeniedException"}, "in use": {Code: "ResourceInUse"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				begun := time.Now()
				server.Faults = func(operation string, _ int) fakecloudmap.Fault {
					if time.Since(begun) < 20*time.Second && operation != "ListInstances" {
						return fault
					}
					return fakecloudmap.Fault{}
				}
				check(t, registration(t, server, "member-1", "10.0.0.1", 5000).Register(background))
				between(t, time.Since(begun), 20*time.Second, 40*time.Second)
			})
		})
	}
}

func TestRegistrationThatCannotSucceedSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		wrong := must[*peers.Registration](t)(peers.NewRegistration(client(server), "srv-other", "member-1", "10.0.0.1", 5000))
		_ = as[*peers.WrongServiceError](t, wrong.Register(background))
		_ = as[*peers.WrongServiceError](t, wrong.Withdraw(background))

		me := registration(t, server, "member-1", "10.0.0.1", 5000)
		server.Faults = func(string, int) fakecloudmap.Fault { return fakecloudmap.Fault{Code: "AccessDeniedException"} }
		begun := time.Now()
		_ = as[*peers.PermissionError](t, me.Register(background))
		between(t, time.Since(begun), time.Minute, 71*time.Second)
	})
}

func TestRegistrationIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.OperationTime = time.Hour
		me := registration(t, server, "member-1", "10.0.0.1", 5000)
		begun := time.Now()
		err := me.Register(background)
		equal(t, time.Since(begun), 2*time.Minute)
		equal(t, fmt.Sprint(err), "cannot register instance member-1 of Cloud Map service srv-cores: operation op-000001 is still PENDING")

		ctx, cancel := context.WithTimeout(background, 3*time.Second)
		defer cancel()
		if err = me.Withdraw(ctx); err == nil || !strings.Contains(err.Error(), "DuplicateRequest") {
			t.Error(err)
		}
		equal(t, time.Since(begun), 2*time.Minute+3*time.Second)
	})
}

func TestAFailedOperationSaysWhatAWSSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.OperationError = "CANNOT_CREATE_HOSTED_ZONE"
		ctx, cancel := context.WithTimeout(background, 10*time.Second)
		defer cancel()
		err := registration(t, server, "member-1", "10.0.0.1", 5000).Register(ctx)
		equal(t, fmt.Sprint(err), "cannot register instance member-1 of Cloud Map service srv-cores: CANNOT_CREATE_HOSTED_ZONE: the operation failed")
		equal(t, len(server.Instances(service)), 0)
	})
}

func TestWhatCloudMapDoesNotTakeIsRefusedBeforehand(t *testing.T) {
	for _, c := range [][2]string{{"", "10.0.0.1"}, {strings.Repeat("x", 65), "10.0.0.1"}, {"two words", "10.0.0.1"}, {"member-1", "core-1"}, {"member-1", ""}} {
		if _, err := peers.NewRegistration(nil, service, c[0], c[1], 5000); err == nil {
			t.Errorf("%q is taken", c)
		}
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/users"
	"neo4j-agent/neo4jconf"
)

const (
	passwordNow    = "the-password-now"
	passwordBefore = "the-password-before"
)

// place is a member as a round finds it.
type place struct {
	version   string
	edition   neo4jconf.Edition
	role      string            // of the member
	roles     map[string]string // of its databases, as the cluster's overview tells
	phase     health.Phase
	noAuth    bool
	preparing bool
}

// keeperAt is one whose server, of that version, is f.
func keeperAt(t *testing.T, p place, f *fakeBolt, loaded *settings.Settings) (*userKeeper, *bytes.Buffer) {
	t.Helper()
	loaded.RunDir = t.TempDir()
	prepared := runstate.Prepared{Done: !p.preparing, AuthEnabled: !p.noAuth, Neo4jVersion: p.version, Edition: string(p.edition), Role: p.role, Local: runstate.Local{Bolt: f.address}}
	if err := runstate.Write(loaded.RunDir, runstate.PreparedFile, prepared); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := &server{settings: loaded, log: zerolog.New(&log)}
	s.fresh.Store(loaded)
	s.prober = health.NewProber(s.credentials)
	s.monitor = health.NewMonitor(health.Config{
		Facts:    func() health.Facts { return health.Facts{Prepared: true} },
		Resumed:  health.Status{Phase: p.phase, Databases: p.roles},
		OnStatus: func(health.Status) {},
	})
	return &userKeeper{server: s, reconciler: users.Reconciler{Log: s.log}, secrets: &userSecrets{server: s}}, &log
}

// system are the roles of a cluster's member whose database system is led by it, or not, "" where that is not known.
func system(role string) map[string]string {
	if role == "" {
		return nil
	}
	return map[string]string{systemDatabase: role, "neo4j": health.RoleLeader}
}

// TestOneMemberOfAClusterSeesToUsersAndTheOthersWatch holds each kind of member against what its round asks the server.
func TestOneMemberOfAClusterSeesToUsersAndTheOthersWatch(t *testing.T) {
	const (
		create = "CREATE USER $user SET PASSWORD $password CHANGE NOT REQUIRED"
		grant  = "GRANT ROLE $role TO $user"
		list35 = "CALL dbms.security.listUsers()"
		make35 = "CALL dbms.security.createUser($user, $password, $change) // CALL dbms.security.changePassword($password)"
		role35 = "CALL dbms.security.addRoleToUser($role, $user)"
		in     = "login of neo4j"
		out    = "no login of neo4j"
		own    = "ALTER CURRENT USER SET PASSWORD FROM $from TO $to"
	)
	const core, replica, alone = string(neo4jconf.Core), string(neo4jconf.ReadReplica), string(neo4jconf.Standalone)
	const leader, follower, unknown = health.RoleLeader, health.RoleFollower, ""
	member := func(version, kind, role string) place {
		p := place{version: version, edition: neo4jconf.Enterprise, role: kind, roles: system(role), phase: health.Ready}
		if kind == alone {
			p.edition = neo4jconf.Community
		}
		return p
	}
	noAuth, joining, preparing := member("5.26.0", core, leader), member("5.26.0", core, leader), member("5.26.0", core, leader)
	noAuth.noAuth, joining.phase, preparing.preparing = true, health.Joining, true
	all5, all35 := []string{in, "SHOW USERS", create, grant}, []string{in, list35, make35, role35}
	for name, c := range map[string]struct {
		place
		password string // that the server has, "" for that of the settings
		previous string // that the settings know
		state    health.UsersState
		reason   string
		err      string
		asks     []string
	}{
		"the leader of system acts":               {place: member("5.26.0", core, leader), state: health.UsersOK, asks: all5},
		"one that leads another database only":    {place: member("5.26.0", core, follower), state: health.UsersElsewhere, reason: "leader of the database system"},
		"a read replica watches":                  {place: member("4.4.0", replica, health.RoleReadReplica), state: health.UsersElsewhere},
		"nobody knows who leads":                  {place: member("5.26.0", core, unknown), state: health.UsersElsewhere, asks: []string{in}},
		"nor does one that is refused":            {place: member("5.26.0", core, unknown), password: "lost", state: health.UsersRefused, reason: "NEO4J_ADMIN_PASSWORD_PREVIOUS", err: "cannot manage users", asks: []string{out}},
		"but for the password before":             {place: member("5.26.0", core, unknown), password: passwordBefore, previous: passwordBefore, state: health.UsersPending, reason: "has just been changed", asks: []string{out, in, own}},
		"a leader that is refused":                {place: member("5.26.0", core, leader), password: "lost", previous: passwordBefore, state: health.UsersRefused, reason: "not the previous one either", err: "cannot manage users", asks: []string{out, out}},
		"a standalone server acts":                {place: member("2026.08.1", alone, unknown), state: health.UsersOK, asks: all5[:3]},
		"3.5: each core acts for itself":          {place: member("3.5.35", core, follower), state: health.UsersOK, asks: all35},
		"3.5: a read replica too":                 {place: member("3.5.35", replica, unknown), state: health.UsersOK, asks: all35},
		"3.5: with the password before":           {place: member("3.5.35", core, follower), password: passwordBefore, previous: passwordBefore, state: health.UsersPending, reason: "has just been changed", asks: []string{out, in, "CALL dbms.security.changePassword($to)"}},
		"4.0 is refused by name":                  {place: member("4.0.0", core, leader), state: health.UsersOff, reason: "4.0", err: "cannot manage users of Neo4j 4.0"},
		"4.1 by its protocol, without a database": {place: member("4.1.13", alone, unknown), state: health.UsersOK, asks: all5[:3]},
		"4.1: a follower watches":                 {place: member("4.1.13", core, follower), state: health.UsersElsewhere},
		"without authentication":                  {place: noAuth, state: health.UsersOff, reason: "authentication is switched off"},
		"one that is not ready":                   {place: joining, state: health.UsersPending, reason: "not ready"},
		"one that is being prepared":              {place: preparing, state: health.UsersPending, reason: "not ready"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeBolt(t, passwordNow)
			if c.password != "" {
				f.accounts[adminName].password = c.password
			}
			f.bolt3 = strings.HasPrefix(c.version, "3.5") || strings.HasPrefix(c.version, "4.1")
			f.follows = c.roles != nil && c.roles[systemDatabase] != leader && !strings.HasPrefix(c.version, "3.5")
			loaded := &settings.Settings{AdminPassword: settings.NewSecret(passwordNow), PreviousAdminPassword: settings.NewSecret(c.previous)}
			loaded.Guest = settings.Login{User: "guest", Password: settings.NewSecret("guest-password")}
			k, _ := keeperAt(t, c.place, f, loaded)
			err := k.round(t.Context())
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("the error is %v", err)
			}
			if k.state.State != c.state || !strings.Contains(k.state.Reason, c.reason) || k.state.Listed != 1 {
				t.Errorf("the state is %+v", k.state)
			}
			if diff := cmp.Diff(c.asks, f.asked); diff != "" {
				t.Errorf("it asks: %s", diff)
			}
			if soon := c.phase != health.Ready || c.preparing || strings.Contains(c.reason, "just been changed"); k.soon != soon {
				t.Errorf("the next look is soon: %t", k.soon)
			}
		})
	}
}

// TestAnAdministratorWhoIsRefusedIsNotTriedAgainAndAgain, since a server locks out who is.
func TestAnAdministratorWhoIsRefusedIsNotTriedAgainAndAgain(t *testing.T) {
	for name, roles := range map[string]map[string]string{"a leader": system(health.RoleLeader), "one that does not know who leads": nil} {
		t.Run(name, func(t *testing.T) {
			f := newFakeBolt(t, "lost")
			loaded := &settings.Settings{AdminPassword: settings.NewSecret(passwordNow), PreviousAdminPassword: settings.NewSecret(passwordBefore)}
			k, log := keeperAt(t, place{version: "5.26.0", edition: neo4jconf.Enterprise, role: string(neo4jconf.Core), roles: roles, phase: health.Ready}, f, loaded)
			for range 5 {
				k.look(t.Context())
				if now := k.usersNow(); now.State != health.UsersRefused || !strings.Contains(now.Reason, "AGENT_RESET_ADMIN_PASSWORD") {
					t.Errorf("the status is %+v", now)
				}
			}
			if len(f.asked) != 2 || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("it asked %q and said %s", f.asked, log)
			}
		})
	}
}

// TestThePasswordBeforeIsTakenAlsoFromAServerThatLocksOutAfterEachRefusal: that was refused too often before it was given,
// and each try of the other one has the server refuse this one as well.
func TestThePasswordBeforeIsTakenAlsoFromAServerThatLocksOutAfterEachRefusal(t *testing.T) {
	for name, roles := range map[string]map[string]string{"a leader": system(health.RoleLeader), "one that does not know who leads": nil} {
		t.Run(name, func(t *testing.T) {
			f := newFakeBolt(t, "lost")
			f.accounts[adminName].refused = lockedAfter
			loaded := &settings.Settings{AdminPassword: settings.NewSecret(passwordNow), PreviousAdminPassword: settings.NewSecret("lost")}
			k, _ := keeperAt(t, place{version: "5.26.0", edition: neo4jconf.Enterprise, role: string(neo4jconf.Core), roles: roles, phase: health.Ready}, f, loaded)
			for range 2 {
				k.look(t.Context())
				<-time.After(lockTime) // the next look comes later than a lock lasts
			}
			if f.accounts[adminName].password != passwordNow {
				t.Errorf("the server has still the password before: %q, %+v", f.asked, k.usersNow())
			}
		})
	}
}

// TestADeadlockBetweenChangesOfSeveralUsersIsTriedOnceMore: four users are changed at a time, and a server lets one of two
// changes that wait for each other fail. What it says of another fault it would say again.
func TestADeadlockBetweenChangesOfSeveralUsersIsTriedOnceMore(t *testing.T) {
	const deadlock = "Neo.TransientError.Transaction.DeadlockDetected"
	for name, c := range map[string]struct {
		faults []string
		grants int // how often it is told
		state  health.UsersState
	}{
		"a deadlock":          {[]string{deadlock}, 2, health.UsersOK},
		"one after the other": {[]string{deadlock, deadlock}, 2, health.UsersPending},
		"another fault":       {[]string{"Neo.ClientError.Security.Forbidden"}, 1, health.UsersPending},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeBolt(t, passwordNow)
			f.faults = map[string][]string{"GRANT ROLE": c.faults}
			loaded := &settings.Settings{AdminPassword: settings.NewSecret(passwordNow), Guest: settings.Login{User: "guest", Password: settings.NewSecret("guest-password")}}
			k, log := keeperAt(t, place{version: "5.26.0", edition: neo4jconf.Enterprise, role: string(neo4jconf.Core), roles: system(health.RoleLeader), phase: health.Ready}, f, loaded)
			k.look(t.Context())
			grants := 0
			for _, asked := range f.asked {
				if strings.HasPrefix(asked, "GRANT ROLE") {
					grants++
				}
			}
			if grants != c.grants || k.usersNow().State != c.state {
				t.Errorf("it was told %d times, the users are %+v", grants, k.usersNow())
			}
			if said := strings.Contains(log.String(), `"level":"error"`); said != (c.state == health.UsersPending) {
				t.Errorf("the log says %s", log)
			}
			k.look(t.Context())
			if k.usersNow().State != health.UsersOK {
				t.Errorf("after another look the users are %+v", k.usersNow())
			}
		})
	}
}

// TestAServeThatBeginsWhileTheStoreIsAwayLeavesPasswordsAsTheyAre, and sees to the rest: a value of an earlier serve is not
// kept for it on purpose, since a rotation may have given the server the next one.
func TestAServeThatBeginsWhileTheStoreIsAwayLeavesPasswordsAsTheyAre(t *testing.T) {
	f, v := newFakeBolt(t, passwordNow), &fakeVault{values: map[string]string{}}
	loaded := vaultUsers(v, 2)
	clear(v.values)
	loaded.Users, loaded.AdminPassword = loaded.Users[:2], settings.NewSecret(passwordNow)
	loaded.Users[0].Suspended, loaded.Users[1].Roles = true, []string{"reader"}
	for _, user := range loaded.Users {
		f.accounts[user.Name] = &fakeAccount{password: "of a rotation", roles: []any{}}
	}
	k, _ := keeperAt(t, place{version: "5.26.0", edition: neo4jconf.Enterprise, role: string(neo4jconf.Core), roles: system(health.RoleLeader), phase: health.Ready}, f, loaded)
	k.secrets.store = secrets.New(v)
	k.look(t.Context())
	if first, other := f.accounts["user-0"], f.accounts["user-1"]; !first.suspended || len(other.roles) != 1 || first.password+other.password != "of a rotationof a rotation" {
		t.Errorf("the users are %+v, %+v after %q", first, other, f.asked)
	}
	if now := k.usersNow(); now.State != health.UsersPending || !strings.Contains(now.Reason, `cannot find the password of user "user-0"`) {
		t.Errorf("the status is %+v", now)
	}
}

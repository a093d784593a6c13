package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/users"
	"neo4j-agent/neo4jconf"
)

const (
	// usersEvery is the pace of looking whether the users are those of the settings; a fifth of it is jitter.
	usersEvery = 30 * time.Second
	// usersSoon is the pace while the member is about to be ready, which costs nothing.
	usersSoon = 2 * time.Second
	// usersLimit bounds one look with all its changes.
	usersLimit = 2 * time.Minute
)

// userKeeper makes the users of this container's server what the settings say.
type userKeeper struct {
	*server
	reconciler users.Reconciler
	secrets    *userSecrets
	refused    refusal
	untried    refusal // the previous password could not be tried after the other one
	said       string  // by the log, of what still lasts
	soon       bool    // the next look is not to wait
	state      health.Users
}

// reconcileUsers looks at once, again and again, and when secrets have changed.
func (s *server) reconcileUsers(ctx context.Context) {
	k := &userKeeper{server: s, reconciler: users.Reconciler{Log: s.log}, secrets: &userSecrets{server: s}}
	for {
		k.look(ctx)
		timer := time.NewTimer(k.wait())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.renewed:
			k.secrets.outdate()
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wait is how long until the next look.
func (k *userKeeper) wait() time.Duration {
	if k.soon {
		return usersSoon
	}
	return k.secrets.next(time.Duration(float64(usersEvery) * (1 - rand.Float64()/5)))
}

// look makes one round and keeps for /status how it went.
func (k *userKeeper) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, usersLimit)
	defer cancel()
	err := k.round(ctx)
	if !k.secrets.used {
		k.stale.tell(staleUsers, "")
	}
	if err != nil && k.state.Reason == "" {
		k.state.Reason = err.Error()
	}
	if err != nil && err.Error() != k.said && ctx.Err() == nil {
		k.log.Error().Msg(err.Error())
	}
	if k.said = ""; err != nil {
		k.said = err.Error()
	}
	now := k.state
	k.users.Store(&now)
}

// set begins a state that lasts until the next one.
func (k *userKeeper) set(state health.UsersState, reason string) {
	k.state.State, k.state.Reason = state, reason
}

// round looks once at the server, if it is for this member to do.
func (k *userKeeper) round(ctx context.Context) error {
	k.soon, k.secrets.used = false, false
	loaded, prepared, status := k.fresh.Load(), k.prepared(), k.monitor.Current()
	k.state.Listed = len(loaded.Users)
	if loaded.Guest.User != "" {
		k.state.Listed++
	}
	switch {
	case prepared.Done && !prepared.AuthEnabled:
		k.set(health.UsersOff, "authentication is switched off")
		return nil
	case !prepared.Done || status.Phase != health.Ready:
		k.soon = true
		k.set(health.UsersPending, "the member is not ready")
		return nil
	case loaded.AdminPassword.IsZero():
		k.set(health.UsersPending, "the administrator's password is not known")
		return nil
	}
	dialect, err := dialectOf(prepared)
	if err == nil {
		err = dialect.ManagesUsers()
	}
	if err != nil {
		k.set(health.UsersOff, err.Error())
		return onlyIf(k.state.Listed > 0, err)
	}
	role, known := status.Databases[systemDatabase]
	if clustered := prepared.Role != string(neo4jconf.Standalone); clustered && dialect.KeepsUsersInSystem() && role != health.RoleLeader {
		over := overOwn(prepared)
		// Who leads is not known either while the administrator's password is refused. Only the leader can change it.
		if !known && !k.refused.holds(loaded) && (k.previousFirst(loaded) ||
			health.Login(ctx, prepared.Local.Bolt, adminName, loaded.AdminPassword.Reveal(), over) == health.LoginRefused) {
			return k.changeAdmin(ctx, loaded, userServer{nil, prepared.Local.Bolt, over, dialect})
		}
		if !known && k.refused.holds(loaded) {
			k.set(health.UsersRefused, k.refused.reason)
			return nil
		}
		k.set(health.UsersElsewhere, "the leader of the database system does it")
		return nil
	}
	return k.reconcile(ctx, loaded, prepared, dialect)
}

// usersNow is how far the users are.
func (s *server) usersNow() health.Users {
	if now := s.users.Load(); now != nil {
		return *now
	}
	return health.Users{State: health.UsersPending, Reason: "they have not been looked at yet"}
}

func onlyIf(holds bool, err error) error {
	if holds {
		return err
	}
	return nil
}

// reconcile is the round of the member that does it.
func (k *userKeeper) reconcile(ctx context.Context, loaded *settings.Settings, prepared runstate.Prepared, dialect neo4jconf.Dialect) error {
	if k.refused.holds(loaded) {
		k.set(health.UsersRefused, k.refused.reason)
		return nil
	}
	over := overOwn(prepared)
	client, err := health.NewClient(prepared.Local.Bolt, adminName, loaded.AdminPassword.Reveal(), over)
	if err != nil {
		return err
	}
	defer client.Close()
	server := userServer{client, prepared.Local.Bolt, over, dialect}
	if k.previousFirst(loaded) {
		return k.changeAdmin(ctx, loaded, server)
	}
	desired, wrong := k.desired(ctx, loaded, userRules{dialect, prepared.ShortestPassword})
	made, left, err := k.reconciler.Round(ctx, server, desired, users.Ability{Roles: dialect.HasRoles(), Homes: dialect.HasHomes()})
	if health.Unwelcome(err) {
		return k.changeAdmin(ctx, loaded, server)
	}
	err = errors.Join(wrong, err)
	k.refused, k.state.Pending = refusal{}, left
	if made > 0 {
		k.state.Changes += int64(made)
		k.state.Changed = time.Now().UTC()
	}
	k.set(health.UsersOK, "")
	switch {
	case err != nil:
		k.set(health.UsersPending, "")
	case left > 0:
		k.set(health.UsersPending, "the server did not let a password be tried; it is tried again")
	}
	return err
}

// desired are the users of the settings. One whose password cannot be had, or used, is to be as it is but for that: it may
// have to be suspended. One whose name is wrong is left out, and keeps no other from being seen to. prepare refuses what is
// wrong, but secrets may have changed since.
func (k *userKeeper) desired(ctx context.Context, loaded *settings.Settings, rules userRules) ([]users.Desired, error) {
	var all []users.Desired
	var wrong []error
	take := func(one users.Desired, password storedPassword, err error) {
		if err == nil {
			err = rules.check(one.Name, password.Secret)
		}
		if err == nil {
			one.Password = password.Secret
			if !password.pending.IsZero() {
				one.Pending = password.pending
			}
		} else if wrong = append(wrong, err); rules.dialect.CheckUser(one.Name) != nil {
			return
		}
		all = append(all, one)
	}
	if guest := loaded.Guest; guest.User != "" {
		take(users.Desired{Name: guest.User, Roles: []string{"reader"}}, storedPassword{Secret: guest.Password}, nil)
	}
	k.secrets.refresh(ctx, loaded.Users)
	for _, u := range loaded.Users {
		if u.Name == loaded.Guest.User {
			wrong = append(wrong, guestTwice(u.Name))
			continue
		}
		password, err := k.secrets.of(u)
		take(users.Desired{
			Name: u.Name, Absent: u.Absent, Change: u.ChangePassword, Roles: neo4jconf.Grantable(u.Roles), Suspended: u.Suspended, Home: u.HomeDatabase,
		}, password, err)
	}
	return all, errors.Join(wrong...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/settings"
)

// refusedAgain is how long passwords that the server refused are not tried again by this part: a server locks a user for a
// while after three wrong ones (health's gate, refusedFor), and people must get in.
const refusedAgain = 10 * time.Minute

// What a server says to the previous password.
var (
	errNotPrevious = errors.New("it is not the previous one either")
	errLockedOut   = errors.New("the server lets nobody try it for some seconds, since others were wrong too often; it is tried again")
)

// refusal is which passwords of the administrator were refused, and when.
type refusal struct {
	password, previous settings.Secret
	at                 time.Time
	reason             string
}

// holds tells whether trying again would be in vain.
func (r refusal) holds(loaded *settings.Settings) bool {
	return !r.at.IsZero() && time.Since(r.at) < refusedAgain && r.password.Equal(loaded.AdminPassword) && r.previous.Equal(loaded.PreviousAdminPassword)
}

// changeAdmin is for a server that refuses the administrator's password: where it takes the one before, that is changed.
// Otherwise it serves on, and the reason says what to do.
func (k *userKeeper) changeAdmin(ctx context.Context, loaded *settings.Settings, server userServer) error {
	previous := loaded.PreviousAdminPassword
	trouble := "no previous one is known"
	if !previous.IsZero() {
		err := k.changeFrom(ctx, previous, loaded.AdminPassword, server)
		if err == nil {
			k.state.Changes++
			k.state.Changed = time.Now().UTC()
			k.prober.Forgive()
			k.log.Info().Msg("the password of user neo4j was the previous one and is that of the settings now")
			k.soon = true
			k.set(health.UsersPending, "the administrator's password has just been changed")
			return nil
		}
		if errors.Is(err, errLockedOut) {
			k.untried = refusal{password: loaded.AdminPassword, previous: previous, at: time.Now()}
		}
		if !errors.Is(err, errNotPrevious) { // it may pass
			k.set(health.UsersPending, "")
			return fmt.Errorf("cannot change the password of user neo4j from the previous one: %v", err)
		}
		trouble = err.Error()
	}
	err := fmt.Errorf("cannot manage users: the server has another password of user neo4j than the settings (%s); give the one it has as "+
		"NEO4J_ADMIN_PASSWORD_PREVIOUS, or set AGENT_RESET_ADMIN_PASSWORD=true for one start; the database serves on", trouble)
	k.refused = refusal{loaded.AdminPassword, previous, time.Now(), err.Error()}
	k.set(health.UsersRefused, k.refused.reason)
	return err
}

// previousFirst tells, once, whether the server has refused the password of the settings and then did not let the previous
// one be tried. Past the limit each refusal has it lock out anew: the other order would never come to an end.
func (k *userKeeper) previousFirst(loaded *settings.Settings) bool {
	first := k.untried.holds(loaded)
	k.untried = refusal{}
	return first
}

// changeFrom changes the administrator's own password.
func (k *userKeeper) changeFrom(ctx context.Context, from, to settings.Secret, server userServer) error {
	client, err := health.NewClient(server.address, adminName, from.Reveal(), server.over)
	if err != nil {
		return err
	}
	defer client.Close()
	statement := server.dialect.ChangeOwnPassword(from.Reveal(), to.Reveal())
	err = client.Do(ctx, server.dialect.SystemDatabase(), statement.Text, statement.Parameters)
	switch {
	case health.Unwelcome(err):
		return errNotPrevious
	case health.LockedOut(err):
		return errLockedOut
	}
	return err
}

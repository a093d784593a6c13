package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
)

// storeAgain is when a store that did not answer is asked again at the latest, as for the other secrets (secrets.Watch).
const storeAgain = 15 * time.Second

// userSecrets finds the passwords of AGENT_USERS, wherever they are kept.
type userSecrets struct {
	*server
	store *secrets.Store // made when it is first needed
	known map[secrets.Reference]storedPassword
	wrong map[secrets.Reference]error // why the last look did not have them
	due   time.Time                   // of the next look
	used  bool                        // in this round; a member that sees to no users has no use for them
	said  bool                        // by the log, that passwords stay as they were
}

// pendingStage is the version that a rotation in AWS's steps brings into the server before it makes it the current one:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
const pendingStage = "AWSPENDING"

// storedPassword is one in Secrets Manager, and the one that a rotation is about to replace it with.
type storedPassword struct {
	settings.Secret
	pending settings.Secret
}

// of gives a user's password as it is now, none for one who is to be absent.
func (u *userSecrets) of(user settings.User) (storedPassword, error) {
	switch {
	case user.Absent:
		return storedPassword{}, nil
	case user.PasswordFile != "":
		password, err := passwordIn(user)
		return storedPassword{Secret: password}, err
	case user.PasswordSecret == (settings.SecretRef{}):
		return storedPassword{Secret: user.Password}, nil
	}
	ref := secrets.Reference(user.PasswordSecret)
	password := u.known[ref]
	if password.IsZero() {
		return password, fmt.Errorf("cannot find the password of user %q: %v", user.Name, u.wrong[ref])
	}
	return password, nil
}

// passwordIn reads the file of a password, without the line break at its end.
func passwordIn(user settings.User) (settings.Secret, error) {
	text, err := os.ReadFile(user.PasswordFile)
	if err != nil {
		var about *fs.PathError
		if errors.As(err, &about) {
			err = about.Err
		}
		return settings.Secret{}, fmt.Errorf("cannot read the password of user %q in %s: %v", user.Name, user.PasswordFile, err)
	}
	password := settings.NewSecret(strings.TrimRight(string(text), "\r\n"))
	if password.IsZero() {
		return password, fmt.Errorf("cannot use the password of user %q: %s is empty", user.Name, user.PasswordFile)
	}
	return password, nil
}

// refresh looks up the passwords in Secrets Manager, all at once, when that is due or one was not looked up yet. What cannot
// be had stays as it was.
func (u *userSecrets) refresh(ctx context.Context, listed []settings.User) {
	u.used = true
	wanted := storedOf(listed)
	isNew := func(ref secrets.Reference) bool { return u.known[ref].IsZero() && u.wrong[ref] == nil }
	switch {
	case len(wanted) == 0:
		u.known, u.wrong, u.due = nil, nil, time.Time{}
		return
	case time.Now().Before(u.due) && !slices.ContainsFunc(wanted, isNew):
		return
	}
	// As for the other secrets: short of the interval by up to a fifth, so that members do not ask together.
	u.due = time.Now().Add(time.Duration(float64(u.settings.SecretsEvery) * (1 - rand.Float64()/5)))
	found, wrong := u.ask(ctx, wanted)
	known := map[secrets.Reference]storedPassword{}
	for _, ref := range wanted {
		known[ref] = u.known[ref]
		if password, ok := found[ref]; ok {
			known[ref] = password
		}
		if secrets.IsAway(wrong[ref]) {
			u.due = time.Now().Add(min(storeAgain, u.settings.SecretsEvery))
		}
	}
	u.known, u.wrong = known, wrong
	if ctx.Err() == nil { // or it is serve that leaves, not the store that is away
		u.tell()
	}
}

// ask asks for all passwords once.
func (u *userSecrets) ask(ctx context.Context, wanted []secrets.Reference) (map[secrets.Reference]storedPassword, map[secrets.Reference]error) {
	found, wrong := map[secrets.Reference]storedPassword{}, map[secrets.Reference]error{}
	if u.store == nil {
		store, err := secretStore(ctx, u.settings)
		if err != nil {
			for _, ref := range wanted {
				wrong[ref] = err
			}
			return found, wrong
		}
		u.store = store
	}
	values, wrong := u.store.Each(ctx, wanted)
	var rotating []secrets.Reference
	for _, ref := range wanted {
		if u.mayRotate(ref, values[ref]) {
			rotating = append(rotating, pendingOf(ref))
		}
	}
	pending, none := u.store.Each(ctx, rotating)
	for ref, value := range values {
		next := pendingOf(ref)
		if secrets.IsAway(none[next]) { // that there is none would have the old password set
			wrong[ref] = none[next]
			continue
		}
		found[ref] = storedPassword{Secret: settings.NewSecret(value)}
		if pending[next] != value { // where a rotation has ended the stage may stay
			found[ref] = storedPassword{settings.NewSecret(value), settings.NewSecret(pending[next])}
		}
	}
	return found, wrong
}

// mayRotate tells whether it matters that a rotation may be under way: the value is new to this process, so that the server
// may have the next one, or it was under way. Later the server's password is known.
func (u *userSecrets) mayRotate(ref secrets.Reference, value string) bool {
	last := u.known[ref]
	return value != "" && ref.Stage == "" && (last.Reveal() != value || !last.pending.IsZero())
}

// pendingOf is where a rotation puts the next password, nowhere for a version that the user has chosen.
func pendingOf(ref secrets.Reference) secrets.Reference {
	if ref.Stage != "" {
		return secrets.Reference{}
	}
	ref.Stage = pendingStage
	return ref
}

// storedOf are the passwords in Secrets Manager that users have, in their order.
func storedOf(listed []settings.User) (wanted []secrets.Reference) {
	for _, user := range listed {
		ref := secrets.Reference(user.PasswordSecret)
		if ref.ARN != "" && !user.Absent && !slices.Contains(wanted, ref) {
			wanted = append(wanted, ref)
		}
	}
	return wanted
}

// tell says once when passwords begin to stay as they were although they may have changed, and once when that ends. One that
// was never had is trouble of its user.
func (u *userSecrets) tell() {
	var trouble []string
	for ref, err := range u.wrong {
		if !u.known[ref].IsZero() {
			trouble = append(trouble, err.Error())
		}
	}
	slices.Sort(trouble)
	switch {
	case len(trouble) > 0 && !u.said:
		u.log.Warn().Msg("passwords of users stay as they were, trying again: " + strings.Join(slices.Compact(trouble), "\n"))
	case len(trouble) == 0 && u.said:
		u.log.Info().Msg("passwords of users can be read again")
	}
	u.said = len(trouble) > 0
	u.stale.tell(staleUsers, strings.Join(slices.Compact(trouble), "\n"))
}

// next is how long until the next look, at most wait.
func (u *userSecrets) next(wait time.Duration) time.Duration {
	if !u.used || u.due.IsZero() {
		return wait
	}
	return min(wait, max(0, time.Until(u.due)))
}

// outdate has each password looked up anew.
func (u *userSecrets) outdate() { u.due = time.Time{} }

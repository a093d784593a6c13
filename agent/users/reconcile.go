package users

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// Answer is what a server says to a login.
type Answer int

// The answers.
const (
	Right Answer = iota // also where the password must be changed
	Wrong
	Unknown // not to be had now, such as while the server refuses all logins of that user
)

// Server is one server, asked as its administrator.
type Server interface {
	List(ctx context.Context) ([]Account, error)
	Apply(ctx context.Context, change Change) error // a change that is made already is none
	Login(ctx context.Context, user string, password Secret) Answer
}

// Reconciler makes the users of a server the desired ones, again and again. A password cannot be read from a server: it is
// tried once and then remembered, so that a round in which nothing has changed is one query.
type Reconciler struct {
	Log zerolog.Logger

	right map[string]string        // password that each user is known to have
	not   map[string][]notPassword // passwords that each user was found not to have
}

// notPassword is one that a server has refused.
type notPassword struct {
	text string
	at   time.Time
}

// wrongAgain is when a password that was refused and could not be set is tried again: the user may have set it, which in 3.5
// Community nobody else can. A server that was asked more often locks a user out for some seconds at each try.
const wrongAgain = 10 * time.Minute

// Round looks once and applies what is to be changed. It tells how many changes were made and how many are left; a change
// that fails does not keep the others from being made, and all failures come in one error.
func (r *Reconciler) Round(ctx context.Context, server Server, desired []Desired, able Ability) (made, left int, err error) {
	actual, err := server.List(ctx)
	if err != nil {
		return 0, 0, err
	}
	if r.right == nil {
		r.right, r.not = map[string]string{}, map[string][]notPassword{}
	}
	wrong, unknown := r.wrong(ctx, server, desired, actual)
	left = unknown
	done := make(chan result)
	go apply(ctx, server, Plan(desired, actual, wrong, able), done)
	var failed []error
	for each := range done {
		if each.err != nil {
			left += each.left
			failed = append(failed, each.err)
			continue
		}
		made++
		r.remember(each.change)
		r.Log.Info().Msg(each.change.String())
	}
	return made, left, errors.Join(failed...)
}

// atOnce is how many users are changed at the same time: a change keeps one of the server's cores busy, and its disk hardly
// at all.
const atOnce = 4

// result is what became of a change.
type result struct {
	change Change
	err    error
	left   int // changes of that user that were not made, this one included
}

// apply makes the changes of each user in their order, those of several users at the same time. After one that fails those
// of the same user are left.
func apply(ctx context.Context, server Server, plan []Change, done chan<- result) {
	defer close(done)
	var users errgroup.Group
	users.SetLimit(atOnce)
	for len(plan) > 0 {
		name := plan[0].User.Name
		end := slices.IndexFunc(plan, func(c Change) bool { return c.User.Name != name })
		if end < 0 {
			end = len(plan)
		}
		changes := plan[:end]
		plan = plan[end:]
		users.Go(func() error {
			for i, change := range changes {
				err := server.Apply(ctx, change)
				if done <- (result{change, err, len(changes) - i}); err != nil {
					break
				}
			}
			return nil
		})
	}
	_ = users.Wait()
}

// wrong tries the passwords that are not known yet, and counts those that could not be tried. That of a suspended user
// cannot be: it is set before the user is active again. One that the user was to change is not looked at.
func (r *Reconciler) wrong(ctx context.Context, server Server, desired []Desired, actual []Account) (wrong map[string]bool, unknown int) {
	wrong = map[string]bool{}
	for _, want := range desired {
		at := slices.IndexFunc(actual, func(a Account) bool { return a.Name == want.Name })
		if at < 0 {
			delete(r.right, want.Name) // another one of that name may come
			delete(r.not, want.Name)
			continue
		}
		if want.Absent || want.Change || want.Password == nil || want.takes(r.right[want.Name]) {
			continue
		}
		if actual[at].Suspended {
			wrong[want.Name] = !want.Suspended
			continue
		}
		switch r.try(ctx, server, want) {
		case Wrong:
			wrong[want.Name] = true
		case Unknown:
			unknown++
		}
	}
	return wrong, unknown
}

// takes tells whether a user may have this password.
func (d Desired) takes(password string) bool {
	return slices.ContainsFunc(d.passwords(), func(p Secret) bool { return p.Reveal() == password })
}

// passwords are those that a user may have, the one to be set first.
func (d Desired) passwords() []Secret {
	if d.Pending == nil {
		return []Secret{d.Password}
	}
	return []Secret{d.Password, d.Pending}
}

// try tries the passwords that a user may have. One that was tried in vain is not tried again for a while: a server locks
// out whose password is wrong too often.
func (r *Reconciler) try(ctx context.Context, server Server, want Desired) Answer {
	r.not[want.Name] = slices.DeleteFunc(r.not[want.Name], func(old notPassword) bool {
		return !want.takes(old.text) || time.Since(old.at) >= wrongAgain
	})
	for _, password := range want.passwords() {
		if slices.ContainsFunc(r.not[want.Name], func(old notPassword) bool { return old.text == password.Reveal() }) {
			continue
		}
		switch server.Login(ctx, want.Name, password) {
		case Right:
			r.right[want.Name] = password.Reveal()
			return Right
		case Wrong:
			r.not[want.Name] = append(r.not[want.Name], notPassword{password.Reveal(), time.Now()})
		case Unknown:
			return Unknown
		}
	}
	return Wrong
}

func (r *Reconciler) remember(change Change) {
	switch change.Kind {
	case Create, SetPassword:
		r.right[change.User.Name] = change.User.Password.Reveal()
		delete(r.not, change.User.Name)
	case Drop:
		delete(r.right, change.User.Name)
		delete(r.not, change.User.Name)
	}
}

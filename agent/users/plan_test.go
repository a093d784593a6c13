package users

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"
)

// text is a secret for tests.
type text string

func (t text) Reveal() string { return string(t) }
func (text) String() string   { return "••••••" }

// fakeServer keeps users as a server does, and counts what it is asked. It refuses what a server refuses.
type fakeServer struct {
	mu        sync.Mutex // of all that follows: several users are changed at once
	able      Ability
	accounts  []Account
	passwords map[string]string
	lists     int
	logins    int
	locked    bool             // refuses all logins for a while
	refuses   map[string]error // by what the change says

	lockedAfter int // so many logins, 0 for never
}

func (s *fakeServer) List(context.Context) ([]Account, error) {
	s.lists++
	return slices.Clone(s.accounts), nil
}

func (s *fakeServer) Login(_ context.Context, user string, password Secret) Answer {
	s.logins++
	at := s.index(user)
	switch {
	case s.locked || s.lockedAfter > 0 && s.logins > s.lockedAfter:
		return Unknown
	case at < 0 || s.accounts[at].Suspended || s.passwords[user] != password.Reveal():
		return Wrong
	}
	return Right
}

func (s *fakeServer) index(user string) int {
	return slices.IndexFunc(s.accounts, func(a Account) bool { return a.Name == user })
}

func (s *fakeServer) Apply(_ context.Context, c Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refuses[c.String()]; err != nil {
		return err
	}
	at := s.index(c.User.Name)
	if (at < 0) != (c.Kind == Create) {
		return fmt.Errorf("%v: there already, or not", c)
	}
	if !s.able.Roles && (c.Kind == Grant || c.Kind == Revoke || c.Kind == Suspend || c.Kind == Activate) || !s.able.Homes && c.Kind == SetHome {
		return errors.New("unsupported administration command")
	}
	switch c.Kind {
	case Create:
		s.accounts = append(s.accounts, Account{Name: c.User.Name})
		s.passwords[c.User.Name] = c.User.Password.Reveal()
	case SetPassword:
		s.passwords[c.User.Name] = c.User.Password.Reveal()
	case Grant:
		s.accounts[at].Roles = append(slices.Clone(s.accounts[at].Roles), c.Value)
	case Revoke:
		s.accounts[at].Roles = slices.DeleteFunc(slices.Clone(s.accounts[at].Roles), func(role string) bool { return role == c.Value })
	case Suspend, Activate:
		s.accounts[at].Suspended = c.Kind == Suspend
	case SetHome:
		s.accounts[at].Home = c.Value
	case Drop:
		s.accounts = slices.Delete(s.accounts, at, at+1)
	}
	return nil
}

var (
	names    = rapid.SampledFrom([]string{"ann", "bob", "cyd", "it's", `"quoted"`})
	roleSets = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"reader", "editor", "architect"}), 0, 3, rapid.ID[string])
	homes    = rapid.SampledFrom([]string{"", "movies", "shop"})
	words    = rapid.SampledFrom([]string{"old password", "new password"})
)

func drawDesired(t *rapid.T) []Desired {
	var all []Desired
	for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID[string]).Draw(t, "desired") {
		d := Desired{
			Name: name, Absent: rapid.Bool().Draw(t, "absent"), Password: text(words.Draw(t, "password")), Change: rapid.Bool().Draw(t, "change"),
			Suspended: rapid.Bool().Draw(t, "suspended"), Home: homes.Draw(t, "home"),
		}
		if rapid.IntRange(0, 3).Draw(t, "password cannot be had") == 0 {
			d.Password = nil
		} else if rapid.Bool().Draw(t, "is being rotated") {
			d.Pending = text(words.Draw(t, "pending"))
		}
		if rapid.Bool().Draw(t, "has roles") {
			d.Roles = roleSets.Draw(t, "roles")
		}
		all = append(all, d)
	}
	return all
}

func drawServer(t *rapid.T) *fakeServer {
	s := &fakeServer{passwords: map[string]string{}, able: Ability{Roles: rapid.Bool().Draw(t, "able of roles"), Homes: rapid.Bool().Draw(t, "able of homes")}}
	for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID[string]).Draw(t, "actual") {
		a := Account{Name: name}
		if s.able.Roles {
			a.Roles, a.Suspended = roleSets.Draw(t, "actual roles"), rapid.Bool().Draw(t, "actually suspended")
		}
		s.accounts, s.passwords[name] = append(s.accounts, a), words.Draw(t, "actual password")
	}
	return s
}

func TestAnyServerComesToHaveTheDesiredUsersAndThenNothingIsChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server, desired := drawServer(t), drawDesired(t)
		before := slices.Clone(server.accounts)
		r := &Reconciler{Log: zerolog.Nop()}
		if _, left, err := r.Round(t.Context(), server, desired, server.able); err != nil || left != 0 {
			t.Fatalf("%d left: %v", left, err)
		}
		lists, logins := server.lists, server.logins
		made, _, err := r.Round(t.Context(), server, desired, server.able)
		if err != nil || made != 0 || server.lists != lists+1 || server.logins != logins {
			t.Fatalf("a round more makes %d changes, %d lists, %d logins: %v", made, server.lists-lists, server.logins-logins, err)
		}
		for _, want := range desired {
			server.has(t, want)
		}
		for _, a := range before { // nobody has listed them
			if !slices.ContainsFunc(desired, func(d Desired) bool { return d.Name == a.Name }) {
				if at := server.index(a.Name); at < 0 || !cmp.Equal(server.accounts[at], a) {
					t.Fatalf("%q was touched", a.Name)
				}
			}
		}
	})
}

func (s *fakeServer) has(t *rapid.T, want Desired) {
	at := s.index(want.Name)
	if want.Absent || at < 0 {
		if want.Absent != (at < 0) && (want.Absent || want.Password != nil) {
			t.Fatalf("%q: absent %t, and there is %d", want.Name, want.Absent, at)
		}
		return
	}
	is := s.accounts[at]
	if s.able.Roles && is.Suspended != want.Suspended && (!is.Suspended || want.Password != nil || want.Change) {
		t.Fatalf("%q: suspended %t", want.Name, is.Suspended)
	}
	if roles := slices.Sorted(slices.Values(is.Roles)); s.able.Roles && want.Roles != nil && !slices.Equal(roles, slices.Sorted(slices.Values(want.Roles))) {
		t.Fatalf("%q: roles %v, want %v", want.Name, roles, want.Roles)
	}
	if s.able.Homes && want.Home != "" && is.Home != want.Home {
		t.Fatalf("%q: home %s, want %s", want.Name, is.Home, want.Home)
	}
	if want.Password != nil && !is.Suspended && !want.Change && !want.takes(s.passwords[want.Name]) {
		t.Fatalf("%q has another password", want.Name)
	}
}

func TestAChangeThatFailsKeepsNoOtherUserFromItsOwn(t *testing.T) {
	var log bytes.Buffer
	server := &fakeServer{able: Ability{Roles: true}, passwords: map[string]string{}, refuses: map[string]error{
		`user "ann" has role nonsense`: errors.New("no role nonsense"),
	}}
	desired := []Desired{{Name: "ann", Password: text("hunter2!"), Roles: []string{"nonsense", "reader"}}, {Name: "bob", Password: text("hunter3!")}}
	r := &Reconciler{Log: zerolog.New(&log)}
	made, left, err := r.Round(t.Context(), server, desired, server.able)
	if made != 2 || left != 2 || err == nil || err.Error() != "no role nonsense" {
		t.Errorf("%d made, %d left: %v", made, left, err)
	}
	if strings.Contains(log.String(), "hunter") || strings.Count(log.String(), "created") != 2 {
		t.Error(log.String())
	}
}

func TestAPasswordThatCannotBeTriedNowIsLeftAndTriedAgain(t *testing.T) {
	server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "old"}, locked: true}
	r := &Reconciler{Log: zerolog.Nop()}
	desired := []Desired{{Name: "ann", Password: text("new")}}
	if made, left, err := r.Round(t.Context(), server, desired, server.able); made != 0 || left != 1 || err != nil {
		t.Errorf("%d made, %d left: %v", made, left, err)
	}
	server.locked = false
	if made, _, err := r.Round(t.Context(), server, desired, server.able); made != 1 || err != nil || server.passwords["ann"] != "new" {
		t.Errorf("%d made: %v", made, err)
	}
}

func TestAPasswordThatARotationHasBroughtIntoTheServerStays(t *testing.T) {
	server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "next"}}
	r := &Reconciler{Log: zerolog.Nop()}
	round := func(what string, want Desired, made, logins int, password string) {
		t.Helper()
		want.Name, server.logins = "ann", 0
		got, left, err := r.Round(t.Context(), server, []Desired{want}, server.able)
		if got != made || left != 0 || err != nil || server.logins != logins || server.passwords["ann"] != password {
			t.Errorf("%s: %d made, %d left, %d logins, the password is %s: %v", what, got, left, server.logins, server.passwords["ann"], err)
		}
	}
	round("its first step is made", Desired{Password: text("now"), Pending: text("next")}, 0, 2, "next")
	round("nothing has changed", Desired{Password: text("now"), Pending: text("next")}, 0, 0, "next")
	round("its last step is made", Desired{Password: text("next")}, 0, 0, "next")
	round("another begins", Desired{Password: text("next"), Pending: text("later")}, 0, 0, "next")
	server.passwords["ann"] = "later"
	round("it comes first to the settings", Desired{Password: text("later")}, 0, 1, "later")
	round("one whose password the server does not have", Desired{Password: text("new"), Pending: text("newer")}, 1, 2, "new")

	server.passwords["ann"], r = "next", &Reconciler{Log: zerolog.Nop()}
	round("again the first step", Desired{Password: text("now"), Pending: text("next")}, 0, 2, "next")
	round("it is given up", Desired{Password: text("now")}, 1, 0, "now")
}

func TestAPendingPasswordThatCannotBeTriedNowIsTriedBeforeTheOldOneIsSet(t *testing.T) {
	server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "next"}, lockedAfter: 1}
	r := &Reconciler{Log: zerolog.Nop()}
	desired := []Desired{{Name: "ann", Password: text("now"), Pending: text("next")}}
	if made, left, err := r.Round(t.Context(), server, desired, server.able); made != 0 || left != 1 || err != nil {
		t.Errorf("%d made, %d left: %v", made, left, err)
	}
	server.lockedAfter = 0
	if made, left, err := r.Round(t.Context(), server, desired, server.able); made != 0 || left != 0 || err != nil || server.passwords["ann"] != "next" {
		t.Errorf("%d made, %d left: %v", made, left, err)
	}
}

func TestAPasswordThatTheServerDoesNotWantIsTriedOnce(t *testing.T) {
	server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "old"},
		refuses: map[string]error{`password of user "ann" set`: errors.New("too short")}}
	r := &Reconciler{Log: zerolog.Nop()}
	for range 3 {
		if _, left, err := r.Round(t.Context(), server, []Desired{{Name: "ann", Password: text("new")}}, server.able); left != 1 || err == nil {
			t.Errorf("%d left: %v", left, err)
		}
	}
	if server.logins != 1 {
		t.Errorf("the server saw %d logins, and locks users out after 3", server.logins)
	}
	delete(server.refuses, `password of user "ann" set`)
	if made, _, err := r.Round(t.Context(), server, []Desired{{Name: "ann", Password: text("new")}}, server.able); made != 1 || err != nil {
		t.Errorf("%d made: %v", made, err)
	}
}

// TestAPasswordThatOnlyTheUserCanSetIsTriedAgainNowAndThen: that is so in 3.5 Community, which has no administrator who can.
func TestAPasswordThatOnlyTheUserCanSetIsTriedAgainNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "old"},
			refuses: map[string]error{`password of user "ann" set`: errors.New("in 3.5 Community only the user can")}}
		r := &Reconciler{Log: zerolog.Nop()}
		looks := func(minutes int) (left int, err error) {
			for range 2 * minutes {
				_, left, err = r.Round(t.Context(), server, []Desired{{Name: "ann", Password: text("new")}}, server.able)
				<-time.After(30 * time.Second)
			}
			return left, err
		}
		if left, err := looks(60); left != 1 || err == nil || server.logins < 5 || server.logins > 6 {
			t.Errorf("%d left: %v; the server saw %d logins in an hour, and locks users out after 3 in a short time", left, err, server.logins)
		}
		server.passwords["ann"] = "new"
		if left, err := looks(11); left != 0 || err != nil {
			t.Errorf("%d left after the user has set the password: %v", left, err)
		}
	})
}

func TestASuspendedUserHasTheNewPasswordBeforeBeingActiveAgain(t *testing.T) {
	ann := Desired{Name: "ann", Password: text("new")}
	plan := Plan([]Desired{ann}, []Account{{Name: "ann", Suspended: true}}, map[string]bool{"ann": true}, Ability{Roles: true})
	if want := []Kind{SetPassword, Activate}; len(plan) != 2 || plan[0].Kind != want[0] || plan[1].Kind != want[1] {
		t.Errorf("the plan is %v", plan)
	}
}

// TestAUserWhosePasswordCannotBeHadIsSuspendedAllTheSame, and has the roles that the settings say. A suspended one is not let
// in again with a password that may be an old one.
func TestAUserWhosePasswordCannotBeHadIsSuspendedAllTheSame(t *testing.T) {
	able := Ability{Roles: true, Homes: true}
	for name, test := range map[string]struct {
		want   Desired
		actual []Account
		plan   []string
	}{
		"one who is to be suspended":  {Desired{Suspended: true}, []Account{{Name: "ann", Roles: []string{"admin"}}}, []string{`user "ann" suspended`}},
		"one who is to have one role": {Desired{Roles: []string{"reader"}}, []Account{{Name: "ann", Roles: []string{"admin"}}}, []string{`user "ann" has no role admin any more`, `user "ann" has role reader`}},
		"one who is suspended":        {Desired{Home: "movies"}, []Account{{Name: "ann", Suspended: true}}, []string{`user "ann" has home database movies`}},
		"one who keeps her password":  {Desired{Change: true}, []Account{{Name: "ann", Suspended: true}}, []string{`user "ann" active again`}},
		"one who is not there":        {Desired{Roles: []string{"reader"}}, nil, nil},
	} {
		test.want.Name = "ann"
		var got []string
		for _, change := range Plan([]Desired{test.want}, test.actual, nil, able) {
			got = append(got, change.String())
		}
		if diff := cmp.Diff(test.plan, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAHomeDatabaseIsTheSameWithAndWithoutCapitals(t *testing.T) {
	if plan := Plan([]Desired{{Name: "ann", Home: "Movies"}}, []Account{{Name: "ann", Home: "movies"}}, nil, Ability{Homes: true}); len(plan) > 0 {
		t.Errorf("the plan is %v", plan)
	}
}

func TestAUserWhoIsToChangeThePasswordKeepsTheNewOne(t *testing.T) {
	server := &fakeServer{accounts: []Account{{Name: "ann"}}, passwords: map[string]string{"ann": "her own"}}
	r := &Reconciler{Log: zerolog.Nop()}
	made, _, err := r.Round(t.Context(), server, []Desired{{Name: "ann", Password: text("first"), Change: true}}, server.able)
	if made != 0 || err != nil || server.passwords["ann"] != "her own" {
		t.Errorf("%d made: %v", made, err)
	}
}

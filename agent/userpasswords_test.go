package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/users"
	"neo4j-agent/neo4jconf"
)

// fakeVault answers as Secrets Manager does, without a network. A silent one never answers.
type fakeVault struct {
	values map[string]string // by ARN, and by ARN, a blank and the stage
	silent bool
	asked  []time.Time // for current versions
	others int         // questions for other versions
}

func (f *fakeVault) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	name := *in.SecretId
	if in.VersionStage == nil {
		f.asked = append(f.asked, time.Now())
	} else {
		name += " " + *in.VersionStage
		f.others++
	}
	if f.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	value, there := f.values[name]
	if !there {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

// vaultUsers are n users whose passwords are in the vault, and ann, whose password is in the settings.
func vaultUsers(f *fakeVault, n int) *settings.Settings {
	loaded := &settings.Settings{SecretsEvery: time.Minute}
	for i := range n {
		arn := fmt.Sprintf("arn:aws:secretsmanager:eu-west-1:123456789012:secret:user-%d", i)
		f.values[arn] = fmt.Sprintf("password-%d", i)
		loaded.Users = append(loaded.Users, settings.User{Name: fmt.Sprintf("user-%d", i), PasswordSecret: settings.SecretRef{ARN: arn}})
	}
	loaded.Users = append(loaded.Users, settings.User{Name: "ann", Password: settings.NewSecret("anns-password")})
	return loaded
}

func keeperOf(loaded *settings.Settings, f *fakeVault, log *bytes.Buffer) *userKeeper {
	s := &server{settings: loaded, log: zerolog.New(log)}
	return &userKeeper{server: s, secrets: &userSecrets{server: s, store: secrets.New(f)}}
}

func rulesOf(t *testing.T, shortest int) userRules {
	t.Helper()
	dialect, err := neo4jconf.For(neo4jconf.Version{Major: 5, Minor: 26}, neo4jconf.Enterprise)
	if err != nil {
		t.Fatal(err)
	}
	return userRules{dialect, shortest}
}

// withPassword counts the users whose password is known.
func withPassword(desired []users.Desired) (known int) {
	for _, one := range desired {
		if one.Password != nil {
			known++
		}
	}
	return known
}

func TestASilentStoreKeepsUsersFromNothingForLongerThanOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := &fakeVault{values: map[string]string{}}
		loaded := vaultUsers(f, 24)
		k := keeperOf(loaded, f, &log)
		look := func(want, mistakes int, limit time.Duration) {
			t.Helper()
			begun := time.Now()
			desired, err := k.desired(t.Context(), loaded, rulesOf(t, 0))
			if took := time.Since(begun); withPassword(desired) != want || len(desired) != 25 || took > limit {
				t.Errorf("%d users, %d with a password after %s, want %d within %s", len(desired), withPassword(desired), took, want, limit)
			}
			if got := strings.Count(fmt.Sprint(err), "cannot find the password of user"); got != mistakes {
				t.Errorf("%d users lack a password, want %d: %v", got, mistakes, err)
			}
		}
		f.silent = true
		look(1, 24, 5*time.Second) // ann
		<-time.After(k.secrets.next(time.Hour))
		f.silent = false
		look(25, 0, time.Second)
		<-time.After(k.secrets.next(time.Hour))
		f.silent = true
		begun := time.Now()
		look(25, 0, 5*time.Second) // the last values
		<-time.After(k.secrets.next(time.Hour))
		look(25, 0, 5*time.Second)
		if now := k.stale.now(); now == nil || now.Since.Sub(begun) > 5*time.Second || strings.Count(now.Reason, "no answer in time") != 1 {
			t.Errorf("the status says %+v", now)
		}
		f.silent = false
		<-time.After(k.secrets.next(time.Hour))
		look(25, 0, time.Second)
		if now := k.stale.now(); now != nil {
			t.Errorf("the status says %+v", now)
		}
		if text := log.String(); strings.Count(text, "stay as they were") != 1 || strings.Count(text, "can be read again") != 1 {
			t.Error(text)
		}
	})
}

func TestPasswordsOfUsersAreLookedUpAtTheIntervalAtTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeVault{values: map[string]string{}}
		loaded := vaultUsers(f, 1)
		k := keeperOf(loaded, f, new(bytes.Buffer))
		for begun := time.Now(); time.Since(begun) < time.Hour; {
			k.secrets.used = false // as a round begins
			if _, err := k.desired(t.Context(), loaded, rulesOf(t, 0)); err != nil {
				t.Fatal(err)
			}
			wait := k.wait()
			if wait <= 0 || wait > usersEvery {
				t.Fatalf("the next look is after %s", wait)
			}
			<-time.After(wait)
		}
		for i := 1; i < len(f.asked); i++ {
			if gap := f.asked[i].Sub(f.asked[i-1]); gap > time.Minute || gap < 48*time.Second {
				t.Errorf("looked up after %s, want 48 s to 60 s", gap)
			}
		}
		if len(f.asked) < 60 {
			t.Errorf("looked up %d times in an hour", len(f.asked))
		}
	})
}

func TestAMemberThatSeesToNoUsersDoesNotWaitForTheirPasswords(t *testing.T) {
	f := &fakeVault{values: map[string]string{}}
	loaded := vaultUsers(f, 1)
	k := keeperOf(loaded, f, new(bytes.Buffer))
	if _, err := k.desired(t.Context(), loaded, rulesOf(t, 0)); err != nil {
		t.Fatal(err)
	}
	k.secrets.due = time.Now().Add(-time.Hour)
	if wait := k.wait(); wait > 0 {
		t.Errorf("a round that took too long is followed by one after %s", wait)
	}
	k.secrets.used = false // it leads no more
	if wait := k.wait(); wait < usersEvery/2 {
		t.Errorf("the next look is after %s", wait)
	}
	if _, err := k.desired(t.Context(), &settings.Settings{}, rulesOf(t, 0)); err != nil || k.wait() < usersEvery/2 {
		t.Errorf("without such users the next look is after %s (%v)", k.wait(), err)
	}
}

func TestThePasswordThatARotationIsAboutToMakeTheCurrentOneIsAsGood(t *testing.T) {
	f := &fakeVault{values: map[string]string{}}
	loaded := vaultUsers(f, 1)
	ref := loaded.Users[0].PasswordSecret
	chosen := settings.SecretRef{ARN: ref.ARN, Stage: "AWSPREVIOUS"}
	loaded.Users = append(loaded.Users, settings.User{Name: "chosen", PasswordSecret: chosen})
	f.values[ref.ARN+" AWSPREVIOUS"] = "password-before"
	k := keeperOf(loaded, f, new(bytes.Buffer))
	for _, step := range []struct {
		what, current, pending, want string
		asked                        int // for AWSPENDING
	}{
		{"the first look, in a rotation", "one", "two", "one two", 1},
		{"it goes on", "one", "two", "one two", 1},
		{"it is over, and has left the stage", "two", "two", "two", 1},
		{"nothing has changed", "two", "two", "two", 0},
		{"another, where the server's password is known", "two", "three", "two", 0},
		{"it is over, and there is no such stage", "three", "", "three", 1},
		{"nothing has changed any more", "three", "", "three", 0},
	} {
		f.values[ref.ARN], f.others = step.current, 0
		f.values[ref.ARN+" AWSPENDING"] = step.pending
		if step.pending == "" {
			delete(f.values, ref.ARN+" AWSPENDING")
		}
		k.secrets.outdate()
		desired, err := k.desired(t.Context(), loaded, rulesOf(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		got := desired[0].Password.Reveal()
		if desired[0].Pending != nil {
			got += " " + desired[0].Pending.Reveal()
		}
		if asked := f.others - 1; got != step.want || asked != step.asked { // one question is for AWSPREVIOUS
			t.Errorf("%s: %s after %d questions, want %s after %d", step.what, got, asked, step.want, step.asked)
		}
		if other := desired[2]; other.Password.Reveal() != "password-before" || other.Pending != nil {
			t.Errorf("%s: a version that was chosen is %s, %v", step.what, other.Password.Reveal(), other.Pending)
		}
	}
}

func TestWhatTheServerRefusesIsNamedAndKeepsNoOtherUserFromBeingSeenTo(t *testing.T) {
	f := &fakeVault{values: map[string]string{}}
	loaded := vaultUsers(f, 2)
	f.values[loaded.Users[0].PasswordSecret.ARN] = "2short"
	loaded.Users = append(loaded.Users, settings.User{Name: "zoë", Password: settings.NewSecret("long-enough")})
	loaded.Users = append(loaded.Users, settings.User{Name: "guest", Password: settings.NewSecret("long-enough"), Suspended: true})
	loaded.Guest = settings.Login{User: "guest", Password: settings.NewSecret("tiny")}
	k := keeperOf(loaded, f, new(bytes.Buffer))
	desired, err := k.desired(t.Context(), loaded, rulesOf(t, 8))
	var seen []string // to, a blank after those whose password stays
	for _, one := range desired {
		seen = append(seen, one.Name+map[bool]string{true: " "}[one.Password == nil])
	}
	if diff := cmp.Diff([]string{"guest ", "user-0 ", "user-1", "ann"}, seen); diff != "" {
		t.Errorf("seen to are %s", diff)
	}
	text := fmt.Sprint(err)
	for _, want := range []string{`password of user "user-0": it is shorter than 8`, `password of user "guest": it is shorter`, `a user "zoë"`, `cannot have user "guest" in AGENT_USERS`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if strings.Contains(text, "2short") || strings.Contains(text, "tiny") {
		t.Errorf("a password is shown: %s", text)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
)

var (
	errAway     = errors.New("cannot ask a: connection refused")
	errPassword = fmt.Errorf("cannot ask a: %w", &health.Refusal{Code: "Neo.ClientError.Security.Unauthorized"})
	errSystem   = fmt.Errorf("cannot ask a: %w", &health.Refusal{Code: "Neo.ClientError.Statement.NotSystemDatabaseError"})
)

// says is what a member lists, after it has been away for a while.
type says struct {
	away  time.Duration
	lines string // name, requested and current status, separated by commas
	err   error
}

func TestMembersAreAskedForTheirDatabasesUntilOneCanTell(t *testing.T) {
	whole := "system online online,neo4j online online"
	lost, found := whole+",sales online offline,old offline offline", whole+",sales online online,old offline offline"
	for name, test := range map[string]struct {
		members  map[string]says
		nameless bool
		named    bool
		want     hosted
		err      error
		took     time.Duration // at least, and not the bound more
	}{
		"at once":                            {members: map[string]says{"a": {lines: whole}, "b": {err: errAway}}, want: hosted{running: []string{"neo4j", "system"}}},
		"once Bolt is back":                  {members: map[string]says{"a": {away: 20 * time.Second, lines: whole}}, want: hosted{running: []string{"neo4j", "system"}}, took: 20 * time.Second},
		"of another one":                     {members: map[string]says{"a": {err: errAway}, "b": {lines: whole}}, want: hosted{running: []string{"neo4j", "system"}}},
		"nobody for long":                    {members: map[string]says{"a": {err: errAway}, "b": {lines: "neo4j online offline"}}, err: errNoneOnline, took: listWithin},
		"without a password":                 {members: map[string]says{"a": {err: errNoPassword}}, err: errNoPassword},
		"with a wrong password":              {members: map[string]says{"a": {err: errPassword}, "b": {err: errAway}}, err: errPassword},
		"by a version that does not tell":    {members: map[string]says{"a": {err: errSystem}}, nameless: true, err: errNoList},
		"refused by one that is to tell":     {members: map[string]says{"a": {err: errSystem}}, err: errSystem, took: listWithin},
		"lost to one, online to the next":    {members: map[string]says{"a": {lines: lost}, "b": {lines: found}}, want: hosted{running: []string{"neo4j", "sales", "system"}, stopped: []string{"old"}}},
		"lost to all":                        {members: map[string]says{"a": {lines: lost}, "b": {lines: lost}}, want: hosted{running: []string{"neo4j", "system"}, lost: []string{"sales"}, stopped: []string{"old"}}},
		"lost to one, the next is away":      {members: map[string]says{"a": {lines: lost}, "b": {away: 9 * time.Second, lines: whole + ",sales online online"}}, want: hosted{running: []string{"neo4j", "sales", "system"}, stopped: []string{"old"}}, took: 9 * time.Second},
		"lost to one, the next stays away":   {members: map[string]says{"a": {lines: lost}, "b": {err: errAway}}, want: hosted{running: []string{"neo4j", "system"}, lost: []string{"sales"}, stopped: []string{"old"}}, took: listWithin},
		"lost, where databases were named":   {members: map[string]says{"a": {lines: lost}, "b": {err: errAway}}, named: true, want: hosted{running: []string{"neo4j", "system"}, lost: []string{"sales"}, stopped: []string{"old"}}},
		"lost to one, unknown to the next":   {members: map[string]says{"a": {lines: lost}, "b": {lines: whole}}, want: hosted{running: []string{"neo4j", "system"}, lost: []string{"sales"}, stopped: []string{"old"}}},
		"stopped to one, to be online later": {members: map[string]says{"a": {lines: lost}, "b": {lines: whole + ",old online offline"}}, want: hosted{running: []string{"neo4j", "system"}, lost: []string{"old", "sales"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				l := listing{members: []string{"a", "b"}[:len(test.members)], nameless: test.nameless, exact: !test.named, log: zerolog.Nop()}
				l.ask = func(_ context.Context, member string) (hosted, error) {
					switch m := test.members[member]; {
					case m.err != nil:
						return hosted{}, m.err
					case time.Since(begun) < m.away:
						return hosted{}, errAway
					default:
						return hostedIn(rowsOf(strings.Split(m.lines, ",")...)), nil
					}
				}
				got, err := l.all(t.Context())
				if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(hosted{}), cmpopts.EquateEmpty()); diff != "" || !errors.Is(err, test.err) {
					t.Errorf("%v %s", err, diff)
				}
				if took := time.Since(begun); took < test.took || took > test.took+2*listAgain {
					t.Errorf("it took %s, want %s", took, test.took)
				}
			})
		})
	}
}

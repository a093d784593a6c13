package backup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestAMemberThatDoesNotFollowIsNoSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		r := &run{Options: Options{Selection: Selection{Sources: []string{"stuck", "slow", "silent", "fresh"}}, Log: zerolog.Nop()}}
		r.Last = func(_ context.Context, source, _ string) (Position, bool) {
			written := 5000 + time.Since(begun).Milliseconds()
			switch source {
			case "stuck":
				return Position{4000, 4000}, true
			case "slow":
				return Position{written - 3000, written - 3000}, true
			}
			return Position{written, written}, source == "fresh"
		}
		got, err := r.following(t.Context(), "neo4j")
		if err != nil || !slices.Equal(got, []string{"slow", "silent", "fresh"}) {
			t.Errorf("the sources are %v, %v", got, err)
		}
		if took := time.Since(begun); took > catchUp+2*lookCatch {
			t.Errorf("that took %s", took)
		}
	})
}

func TestAMemberThatDidNotAnswerAtFirstIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		r := &run{Options: Options{Selection: Selection{Sources: []string{"stuck", "fresh"}}, Log: zerolog.Nop()}}
		r.Last = func(_ context.Context, source, _ string) (Position, bool) {
			asked[source]++
			at := map[string]int64{"stuck": 4000, "fresh": 5000}[source]
			return Position{at, at}, asked[source] > 1 || source == "fresh"
		}
		if got, err := r.following(t.Context(), "neo4j"); err != nil || !slices.Equal(got, []string{"fresh"}) {
			t.Errorf("the sources are %v, %v", got, err)
		}
	})
}

func TestTheBackupIsTakenFromTheLeaderWhereNoOtherMemberFollows(t *testing.T) {
	for name, at := range map[string]map[string]Position{
		"the source tells of the other one itself": {"replica": {4000, 5000}},
		"the leader, which is no source":           {"replica": {4000, 4000}, "leader": {5000, 5000}},
	} {
		for _, references := range [][]string{{"leader"}, nil} {
			synctest.Test(t, func(t *testing.T) {
				r := &run{Options: Options{Selection: Selection{Sources: []string{"replica"}, References: references}, Log: zerolog.Nop()}}
				r.Last = func(_ context.Context, source, _ string) (Position, bool) { p, known := at[source]; return p, known }
				got, err := r.following(t.Context(), "neo4j")
				var none *SourceError
				if r.Named = true; references != nil {
					if got, err := r.following(t.Context(), "neo4j"); !errors.As(err, &none) {
						t.Errorf("%s, and somebody wants this source: %v, %v", name, got, err)
					}
				}
				switch {
				case references != nil && (err != nil || !slices.Equal(got, references)):
					t.Errorf("%s: %v, %v", name, got, err)
				case references == nil && at["leader"].Own == 0 && (!errors.As(err, &none) || !strings.Contains(err.Error(), "no source gets to transaction 5000")):
					t.Errorf("%s, nobody else: %v, %v", name, got, err)
				}
			})
		}
	}
}

func TestTheLeaderIsWhatTheSourcesAreComparedTo(t *testing.T) {
	members := []Candidate{{"leader", Leader, true}, {"replica", ReadReplica, true}, {"sick", Follower, false}}
	sources, err := Sources(FromDiscovery, "", members)
	if got := References(members, sources); err != nil || !slices.Equal(got, []string{"leader"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got := References(nil, []string{"own"}); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

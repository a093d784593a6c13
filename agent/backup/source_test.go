package backup

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestABackupDisturbsTheClusterAsLittleAsItCan(t *testing.T) {
	replica, sick := Candidate{"replica", ReadReplica, true}, Candidate{"sick", ReadReplica, false}
	follower, unknown := Candidate{"follower", Follower, true}, Candidate{"unknown", UnknownCore, true}
	leader := Candidate{"leader", Leader, true}
	for name, c := range map[string]struct {
		from string
		in   []Candidate
		want []string
	}{
		"a replica before a follower, never the leader": {FromDiscovery, []Candidate{leader, unknown, follower, sick, replica}, []string{"replica", "follower", "unknown"}},
		"the leader when it is alone":                   {FromDiscovery, []Candidate{leader}, []string{"leader"}},
		"the leader when the others are sick":           {FromDiscovery, []Candidate{sick, leader}, []string{"leader"}},
		"this instance":                                 {FromOwn, []Candidate{replica}, []string{"own"}},
		"an address":                                    {"10.0.0.9:6362", []Candidate{replica}, []string{"10.0.0.9:6362"}},
		"nobody is healthy":                             {FromDiscovery, []Candidate{sick}, nil},
		"nobody is there":                               {FromDiscovery, nil, nil},
	} {
		got, err := Sources(c.from, "own", c.in)
		var none *SourceError
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want == nil) || err != nil && !errors.As(err, &none) {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestEveryHealthyMemberIsASourceExceptTheLeader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Candidate {
			return Candidate{rapid.StringN(1, 5, 5).Draw(t, "address"), Role(rapid.IntRange(0, 3).Draw(t, "role")), rapid.Bool().Draw(t, "healthy")}
		}), 0, 6).Draw(t, "members")
		before := slices.Clone(in)
		got, _ := Sources(FromDiscovery, "own", in)
		others, leaders := 0, 0
		for _, c := range in {
			if c.Healthy && c.Role == Leader {
				leaders++
			} else if c.Healthy {
				others++
			}
		}
		want := others
		if others == 0 {
			want = leaders
		}
		if len(got) != want || !slices.Equal(before, in) {
			t.Errorf("%v gave %v", in, got)
		}
	})
}

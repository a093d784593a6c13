package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
)

const (
	// listWithin is how long members that give no list of their databases are asked again: that covers a restart in place
	// and the election of a leader, and no outage. Each has been asked once in any case.
	listWithin = time.Minute
	// listAgain is the pace of it.
	listAgain = 2 * time.Second
)

var (
	// errNoPassword says why a server is not asked.
	errNoPassword = errors.New("no password of user neo4j is given")
	// errNoList says that asking again would come to the same.
	errNoList = errors.New("this version does not list its databases to a session that cannot name database system")
	// errNoneOnline is a list of nothing.
	errNoneOnline = errors.New("none is online")
)

// listing asks members which databases there are.
type listing struct {
	members []string
	ask     func(ctx context.Context, member string) (hosted, error)
	// nameless says that a session of this version cannot name the database in which lists are asked for.
	nameless bool
	// exact wants the databases that seem to be lost looked for on every member.
	exact bool
	log   zerolog.Logger
}

// all asks until there is an answer, for a bound. What one member calls lost may be online by the list of another one,
// which is asked too: lists of members that are behind are old.
func (l listing) all(ctx context.Context) (hosted, error) {
	begun := time.Now()
	for try := 1; ; try++ {
		all, err := l.round(ctx)
		if err == nil || l.settled(err) || ctx.Err() != nil || time.Since(begun) >= listWithin {
			return all, l.plain(all, err)
		}
		if try == 1 {
			l.log.Warn().Msgf("cannot list the databases yet, asking again for %s: %v", listWithin, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listAgain):
		}
	}
}

// round asks one member after the other until one tells enough. Where none does, the error is why one told nothing, and
// what the others told is given beside it.
func (l listing) round(ctx context.Context) (all hosted, trouble error) {
	for _, member := range l.members {
		more, err := l.ask(ctx, member)
		if err == nil && len(more.running) == 0 {
			err = errNoneOnline
		}
		if err != nil {
			if trouble == nil || !l.settled(trouble) {
				trouble = err
			}
			continue
		}
		if all = all.and(more); !l.exact || len(all.lost) == 0 {
			return all, nil
		}
		l.log.Warn().Str("member", member).Strs("databases", all.lost).Msg("these databases are online nowhere by what this member says: the next one is asked too")
	}
	return all, trouble
}

// settled tells whether asking again would come to the same: there is no password, or a wrong one, with which many tries
// lock the user out, or the version gives no list.
func (l listing) settled(err error) bool {
	var said *health.Refusal
	return errors.Is(err, errNoPassword) || l.refused(err) || errors.As(err, &said) && strings.HasPrefix(said.Code, "Neo.ClientError.Security.")
}

// refused tells whether a server refused a list to a session that cannot name database system. From 4.1 on such statements
// find it by themselves (manual); 4.0 was not run, and its words for the refusal are Neo.ClientError.Statement.NotSystemDatabaseError
// (neo4j, Status.java).
func (l listing) refused(err error) bool {
	var said *health.Refusal
	return l.nameless && errors.As(err, &said) && strings.HasPrefix(said.Code, "Neo.ClientError.Statement.")
}

// plain is the error to end with: none where a member gave a list.
func (l listing) plain(all hosted, err error) error {
	switch {
	case len(all.running) > 0:
		return nil
	case l.refused(err):
		return fmt.Errorf("%w: %v", errNoList, err)
	}
	return err
}

// and is what two members tell together: each database by the best that one of them says of it.
func (h hosted) and(other hosted) (both hosted) {
	both.running = union(h.running, other.running)
	both.lost = without(union(h.lost, other.lost), both.running)
	both.stopped = without(without(union(h.stopped, other.stopped), both.running), both.lost)
	return both
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// without are the names that are not among others, however these are written.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return strings.EqualFold(name, other) })
	})
}

package health

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// remark is what a ready member should still say.
func (v view) remark() string {
	switch {
	case v.seen.Bolt.Refused:
		return "this agent has no credentials that neo4j accepts: judged by what needs none"
	case v.facts.Member.Role == ReadReplica && v.seen.Raft.Known && v.seen.Raft.Leader == "":
		return "the cluster has no leader: reads may be stale"
	}
	return ""
}

// starting says what is known of a database process that does not answer yet.
func (v view) starting() string {
	if v.silent() {
		return "neo4j does not answer" + v.boltError()
	}
	return join(": ", v.restarted(), "neo4j is starting")
}

// awaited says what a member that is not in its cluster waits for.
func (v view) awaited() string {
	raft := v.seen.Raft
	switch {
	case !v.memory.ledSince.IsZero():
		text := fmt.Sprintf("%s for %s", v.shutOut(), brief(v.now.Sub(v.memory.ledSince)))
		if quiet := v.now.Sub(v.memory.movedAt); quiet < v.bounds.Join/10 {
			return text + "; its store is being written"
		}
		return text
	case raft.Known && raft.Core && len(raft.Voting) > 0:
		return fmt.Sprintf("no leader: %s; a majority is needed", v.presence())
	}
	if v.silent() {
		return "neo4j does not answer" + v.boltError()
	}
	return v.formingReason()
}

// silent tells whether a database that served says nothing any more.
func (v view) silent() bool { return v.memory.served && !v.seen.HTTP && !v.seen.Bolt.Open }

// shutOut says what is wrong with a member whose cluster has a leader.
func (v view) shutOut() string {
	if v.inCluster() {
		return "in the cluster, but it has not run a query" + v.boltError()
	}
	witnesses := strings.Join(v.seen.Others.Led, ", ")
	if v.silent() {
		return fmt.Sprintf("neo4j does not answer%s while the cluster has a leader (says %s)", v.boltError(), witnesses)
	}
	return fmt.Sprintf("the cluster has a leader (says %s), but this member has not joined it", witnesses)
}

// presence counts the voting members that are there.
func (v view) presence() string {
	var present int
	var missing []string
	for _, m := range v.members() {
		switch {
		case m.Role == RoleReadReplica:
		case m.Healthy:
			present++
		default:
			missing = append(missing, first(m.Address, m.ID))
		}
	}
	text := fmt.Sprintf("%d of %d voting members present", present, len(v.seen.Raft.Voting))
	if len(missing) > 0 {
		text += " (not " + strings.Join(missing, ", ") + ")"
	}
	return text
}

// formingReason counts the discovery members that this one is connected to.
func (v view) formingReason() string {
	member := v.facts.Member
	if v.seen.Connected == nil {
		return fmt.Sprintf("waiting for members: %d known, %d needed", len(member.Members), member.FormationSize)
	}
	var absent []string
	for _, m := range v.awaitedMembers() {
		if !m.Healthy {
			absent = append(absent, m.Address)
		}
	}
	text := fmt.Sprintf("waiting for members: %d of %d present", len(member.Members)-len(absent), max(member.FormationSize, 1))
	if len(absent) > 0 {
		text += ", not " + strings.Join(absent, ", ")
	}
	return text
}

// boltError is what Bolt last failed with, as the tail of a sentence.
func (v view) boltError() string {
	if v.seen.Bolt.Error == "" {
		return ""
	}
	return " (" + v.seen.Bolt.Error + ")"
}

// brief writes a duration as people do.
func brief(d time.Duration) string {
	text := d.Truncate(time.Second).String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

// join puts texts that are not empty together.
func join(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), separator)
}

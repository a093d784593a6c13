package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/supervisor"
)

// runInitScripts runs what is due on this member's volume, as often as it takes.
func (s *server) runInitScripts(ctx context.Context) {
	said, pause := "", initAgain
	for {
		err := s.initOnce(ctx)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != "" && text != said && ctx.Err() == nil {
			s.log.Error().Msg(text + "; this and what follows waits")
		}
		said = text
		pause = min(2*pause, initSlowest)
		if err == nil || waits(err) { // a changed file is to be seen soon
			pause = initAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// initOnce runs what is left, once this member is ready, and keeps for /status how it goes.
func (s *server) initOnce(ctx context.Context) error {
	prepared := s.prepared()
	if !prepared.Done {
		return nil
	}
	r := initRun{
		dir: s.settings.InitDir, state: volume(prepared.StateDir), prepared: prepared, tell: s.tellInit, log: s.log,
		connect: func() (*health.Client, error) { return s.systemClient(prepared) },
	}
	record, err := r.state.initRecord()
	if err != nil {
		return err
	}
	now := initState(record)
	if actorGone(record, s.monitor.Current().Members) {
		now.Reason = "no member has the address " + record.Actor + " any more, whose member was to run them: if they have not run, neo4j-agent init --take-over runs them"
	}
	if !record.Due || !record.Acts || now.State == health.InitDone || s.monitor.Current().Phase != health.Ready {
		s.tellInit(now)
		return nil
	}
	if first := givesWay(record, s.monitor.Current().Members); first != "" {
		record.Actor, record.Acts = first, false
		s.log.Warn().Msgf("init scripts are not run here: %s is in this cluster too, which comes first, and of which this member did not know when it began; if they are not run there either, run neo4j-agent init --take-over", first)
		s.tellInit(initState(record))
		return r.state.write(initFile, record)
	}
	err = r.run(ctx, func(record *initscripts.Record) ([]string, error) { return record.Left(), nil })
	if errors.As(err, new(*supervisor.HeldError)) {
		now.State, now.Reason = health.InitRunning, "neo4j-agent init runs them"
		s.tellInit(now)
		return nil
	}
	if after, broken := r.state.initRecord(); broken == nil {
		now = initState(after)
	}
	if err != nil {
		now = initTrouble(now, err)
	}
	s.tellInit(now)
	return err
}

// givesWay is the core that would run the scripts, had the members begun with the same list, "" for this one. In a cluster
// that is larger than its formation size some may begin with other members than the rest, and scripts that run on none are
// better than scripts that run on two.
func givesWay(record initscripts.Record, members []health.MemberStatus) string {
	if record.Actor == "" || record.Begun() {
		return ""
	}
	own := health.HostOf(record.Actor)
	first := own
	for _, m := range members {
		host := health.HostOf(m.Address)
		known := slices.ContainsFunc(record.Known, func(address string) bool { return health.HostOf(address) == host })
		if m.ID != "" && host != "" && m.Role != health.RoleReadReplica && !known && host < first {
			first = host
		}
	}
	if first == own {
		return ""
	}
	return first
}

// actorGone tells whether the member that was to run the scripts has left the cluster, or has another address now. Whether they
// have run only its own volume knows. A member whose address is not known may be that one.
func actorGone(record initscripts.Record, members []health.MemberStatus) bool {
	known := false
	for _, m := range members {
		if host := health.HostOf(m.Address); m.ID != "" && host == "" || host == health.HostOf(record.Actor) {
			return false
		}
		known = known || m.ID != ""
	}
	return known && record.Due && !record.Acts
}

// initTrouble is now with why it does not go on.
func initTrouble(now health.Init, err error) health.Init {
	now.State, now.Reason = health.InitPending, err.Error()
	var known *initscripts.Error
	if errors.As(err, &known) {
		now.File, now.Line, now.Reason = known.File, known.Line, known.Err.Error()
	}
	if waits(err) {
		now.State = health.InitFailed
	}
	return now
}

// waits tells whether an error is the same until a file is changed.
func waits(err error) bool {
	var known *initscripts.Error
	return errors.As(err, &known) && known.Waits
}

func (s *server) tellInit(now health.Init) { s.init.Store(&now) }

// initScripts is how far they are.
func (s *server) initScripts() health.Init {
	if now := s.init.Load(); now != nil {
		return *now
	}
	return health.Init{State: health.InitNone}
}

package main

import (
	"context"
	"errors"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

const (
	// halfAgain is the pace of looking for restores that wait for the running server.
	halfAgain = 5 * time.Second
	// halfLimit bounds one try: a few statements on the system database, which goes through its leader.
	halfLimit = time.Minute
)

// finishRestores does what a restore left for the running server, as often as it takes: every step finds out first
// whether it is done. Only then the marker says that the restore is done.
func (s *server) finishRestores(ctx context.Context) {
	ticks := time.NewTicker(halfAgain)
	defer ticks.Stop()
	said, patience := "", patience{}
	for {
		err := s.finishHalfDone(ctx, patience)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.log.Warn().Msg("the restore is not finished yet, trying again: " + said)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (s *server) finishHalfDone(ctx context.Context, patience patience) error {
	prepared := s.prepared()
	if !prepared.Done || prepared.Markers == "" {
		return nil
	}
	half, err := restore.HalfDone(prepared.Markers)
	if err != nil {
		return err
	}
	var waiting *health.Unfinished
	var failed []error
	for _, h := range half {
		err := s.finish(ctx, prepared, h, patience)
		if err == nil {
			s.log.Info().Str("snapshot", h.Name).Strs("databases", h.Databases).Msg("the running server has all databases of the restore")
			continue
		}
		waiting = &health.Unfinished{Snapshot: h.Name, Databases: h.Databases, Waiting: err.Error()}
		if !errors.Is(err, errNotYet) {
			failed = append(failed, err)
		}
	}
	s.unfinished.Store(waiting)
	s.seeded.Store(waiting == nil)
	return errors.Join(failed...)
}

// errNotYet is what a restore waits for while the server cannot be expected to answer.
var errNotYet = errors.New("the server does not answer yet")

// finish tries to finish one restore. A cluster whose databases are to be seeded counts as ready only afterwards: there it
// is enough that the server answers.
func (s *server) finish(ctx context.Context, prepared runstate.Prepared, h restore.Half, patience patience) error {
	status := s.monitor.Current()
	ready := status.Phase == health.Ready
	if !ready && h.Seeds == nil {
		return errNotYet
	}
	ctx, cancel := context.WithTimeout(ctx, halfLimit)
	defer cancel()
	client, err := s.systemClient(prepared)
	if err != nil {
		return err
	}
	defer client.Close()
	dialect, err := dialectOf(prepared)
	if err != nil {
		return err
	}
	f := &finishing{
		server: client, dialect: dialect, scripts: prepared.Scripts, half: h, patience: patience, own: status.Member.Bolt,
		note: func(database, id string) error { return restore.NoteBefore(prepared.Markers, h.Name, database, id) },
	}
	there, err := f.databases(ctx)
	if err != nil && !ready {
		return errNotYet
	}
	if err == nil {
		err = f.run(ctx, there)
	}
	if err != nil {
		return err
	}
	return restore.Finish(prepared.Markers, h.Name)
}

// systemClient reaches the system database through whoever leads it.
func (s *server) systemClient(prepared runstate.Prepared) (*health.Client, error) {
	user, password := s.credentials()
	return leaderClient(prepared, user, password)
}

// leaderClient reaches each database through whoever leads it.
func leaderClient(prepared runstate.Prepared, user, password string) (*health.Client, error) {
	if !prepared.AuthEnabled {
		password = ""
	}
	if prepared.Role == string(neo4jconf.Standalone) {
		return health.NewClient(prepared.Local.Bolt, user, password, overOwn(prepared))
	}
	address, over, err := routedOver(prepared)
	if err != nil {
		return nil, err
	}
	return health.NewRoutedClient(address, user, password, over)
}

// dialectOf is that of the database as prepare found it.
func dialectOf(prepared runstate.Prepared) (neo4jconf.Dialect, error) {
	version, err := neo4jconf.ParseVersion(prepared.Neo4jVersion)
	if err != nil {
		return neo4jconf.Dialect{}, err
	}
	return neo4jconf.For(version, neo4jconf.Edition(prepared.Edition))
}

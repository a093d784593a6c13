package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/logship"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
)

// Bounds of serve's own work.
const (
	listenAgain   = time.Second     // between tries to take AGENT_HTTP_ADDR
	readLimit     = 5 * time.Second // for one request's header
	withdrawLimit = 5 * time.Second // for taking our record out of Cloud Map
	failedFor     = time.Minute     // contract.md: `failed` lasts at most 60 s
	// restoreStill is how long a restore may stand still. A source that gives nothing ends it after 5 minutes (restore's
	// patience), with a better word.
	restoreStill = 10 * time.Minute
)

// serveCommand is the long-running stage.
type serveCommand struct {
	TalkFD, SecretsFD, ResultFD, KeptFD int

	Container time.Time // its start
}

func (c *serveCommand) flags(f *pflag.FlagSet) {
	descriptorFlag(f, &c.TalkFD, "talk-fd", "is the talk with PID 1")
	descriptorFlag(f, &c.SecretsFD, "secrets-fd", "has the secrets")
	descriptorFlag(f, &c.ResultFD, "result-fd", "has what prepare said")
	descriptorFlag(f, &c.KeptFD, "kept-fd", "takes what Secrets Manager gave")
	f.TimeVar(&c.Container, "container", time.Time{}, []string{time.RFC3339Nano}, "start of the container")
	hide(f, "container")
}

// Run serves until PID 1 says `stopped` or goes away, or, run by hand, until a signal comes.
func (c serveCommand) Run(output) error {
	secrets := inherited(c.SecretsFD, "secrets")
	loaded, _, err := loadSettings(secrets, false)
	if err != nil {
		return err
	}
	outliveReaders()
	log, flush := newLog(loaded, "serve")
	defer flush()
	keeper, fresh, err := newSecretKeeper(loaded, secrets, keptSecrets{inherited(c.KeptFD, "kept-secrets")})
	if err != nil {
		return withCode(exitConfig, err)
	}
	s := &server{
		settings: loaded, keeper: keeper, lookup: make(chan struct{}, 1), result: inherited(c.ResultFD, "launch"), container: c.Container, log: log,
		stopped: make(chan struct{}), shipped: make(chan struct{}), renewed: make(chan struct{}, 1), recheck: make(chan struct{}, 1),
	}
	s.fresh.Store(fresh)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if c.TalkFD >= 0 { // only PID 1 tells us when to leave
		ctx = context.WithoutCancel(ctx)
		conn, err := net.FileConn(inherited(c.TalkFD, "talk"))
		if err != nil {
			return fmt.Errorf("cannot use the talk with PID 1: %v", err)
		}
		s.talk = runstate.NewTalk(conn)
	}
	return said(log, s.run(ctx))
}

// server is the long-running stage at work.
type server struct {
	settings *settings.Settings // as they were at the start
	keeper   *secretKeeper
	lookup   chan struct{}                     // a word has Secrets Manager asked at once
	result   *os.File                          // nil when run by hand
	fresh    atomic.Pointer[settings.Settings] // with the secrets as they are now
	renewed  chan struct{}                     // holds a word when users are to be looked at now
	recheck  chan struct{}                     // and when certificates are
	talk     *runstate.Talk                    // nil when run by hand
	prober   *health.Neo4j
	monitor  *health.Monitor
	log      zerolog.Logger

	shipper    atomic.Pointer[logship.Shipper]      // nil while no logs are sent
	unsent     atomic.Pointer[[]health.LogShipping] // logs that were asked for and are not sent
	backups    atomic.Pointer[health.Backups]       // nil until the bucket was looked at
	init       atomic.Pointer[health.Init]          // nil while nothing is known of init scripts
	users      atomic.Pointer[health.Users]         // nil until they were looked at
	unfinished atomic.Pointer[health.Unfinished]    // nil while no restore waits for the server
	seeded     atomic.Bool                          // what restores left for the running server is done
	tls        certificateWatch
	stale      staleSecrets  // why secrets cannot be read, where that is so
	stopped    chan struct{} // closed when the database has ended for good
	shipped    chan struct{} // closed when all that could be sent of the logs has been

	container time.Time // its start; zero when run by hand
	withdrawn bool      // our record has been taken out of Cloud Map
}

// run starts everything that goes on beside the talk, and ends when the talk does.
func (s *server) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	s.monitor = s.newMonitor()
	working.Go(func() { s.monitor.Run(ctx) })
	working.Go(func() { s.serveHTTP(ctx) })
	working.Go(func() { s.reloadOnHangup(ctx) })
	working.Go(func() { s.watchSecrets(ctx) })
	working.Go(func() { s.shipLogs(ctx) })
	working.Go(func() { s.finishRestores(ctx) })
	working.Go(func() { s.watchBackups(ctx) })
	working.Go(func() { s.runInitScripts(ctx) })
	working.Go(func() { s.reconcileUsers(ctx) })
	working.Go(func() { s.watchCertificates(ctx) })
	if s.talk == nil {
		<-ctx.Done()
		return nil
	}
	return s.listen(ctx)
}

// listen does what PID 1 says, until it says `stopped` or is gone.
func (s *server) listen(ctx context.Context) error {
	for {
		word, reason, err := s.talk.Hear()
		switch {
		case errors.Is(err, io.EOF):
			s.log.Error().Msg("PID 1 has gone; leaving")
			return nil
		case err != nil:
			return err
		case word == runstate.Drain:
			s.drain(ctx, reason)
		case word == runstate.Stopped:
			close(s.stopped)
			s.withdraw(ctx) // when the database could not be started nobody said drain
			<-s.shipped
			return nil
		}
	}
}

// renew takes in settings whose secrets may have changed, and tells whether they have.
func (s *server) renew(loaded *settings.Settings) bool {
	if s.fresh.Swap(loaded).SameSecrets(loaded) {
		return false
	}
	s.lookAgain()
	return true
}

// lookAgain has what depends on secrets looked at without delay.
func (s *server) lookAgain() {
	for _, waiting := range []chan struct{}{s.renewed, s.recheck} {
		select {
		case waiting <- struct{}{}:
		default: // the word is there already
		}
	}
}

// drain makes sure that nobody is sent here any more, then says so.
func (s *server) drain(ctx context.Context, reason string) {
	s.monitor.Drain(reason)
	s.withdraw(ctx)
	if err := s.talk.Say(runstate.Drained, ""); err != nil {
		s.log.Warn().Msg(err.Error())
	}
}

// withdraw takes this member's own record out of Cloud Map, where prepare put it there, once.
func (s *server) withdraw(ctx context.Context) {
	prepared := s.prepared()
	if !s.settings.RegisterDiscovery || s.withdrawn || prepared.Role != health.Core {
		return
	}
	s.withdrawn = true
	ctx, cancel := context.WithTimeout(ctx, withdrawLimit)
	defer cancel()
	registration, err := newRegistration(ctx, s.settings, prepared.MemberID, prepared.Address, prepared.Ports.Discovery)
	if err == nil {
		err = registration.Withdraw(ctx)
	}
	if err != nil {
		s.log.Warn().Msg(err.Error())
	}
}

// serveHTTP answers until the context ends. An address that is taken is tried again: the database does not depend on
// this.
func (s *server) serveHTTP(ctx context.Context) {
	web := &http.Server{Handler: s.monitor.Handler(), ReadHeaderTimeout: readLimit, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer stop()
	said := ""
	for ctx.Err() == nil {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.settings.HTTPAddr)
		if err == nil {
			s.log.Info().Str("address", s.settings.HTTPAddr).Msg("answering health and status")
			err = web.Serve(listener)
		}
		if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.log.Error().Msg("cannot answer health and status, trying again: " + said)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

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
	TalkFD    int `hidden:"" default:"-1" help:"Descriptor of the talk with PID 1."`
	SecretsFD int `hidden:"" default:"-1" help:"Descriptor with the secrets."`
	ResultFD  int `hidden:"" default:"-1" help:"Descriptor with what prepare said."`

	Container time.Time `hidden:"" help:"Start of the container."`
}

// Run serves until PID 1 says `stopped` or goes away, or, run by hand, until a signal comes.
func (c serveCommand) Run() error {
	secrets := inherited(c.SecretsFD, "secrets")
	loaded, _, err := loadSettings(secrets, false)
	if err != nil {
		return err
	}
	outliveReaders()
	hideMemory()
	log, flush := newLog(loaded, "serve")
	defer flush()
	if fresh, err := reloadSettings(secrets); err == nil { // files may have changed since PID 1 read them
		loaded = fresh
	}
	s := &server{
		settings: loaded, secrets: secrets, result: inherited(c.ResultFD, "launch"), container: c.Container, log: log,
		stopped: make(chan struct{}), shipped: make(chan struct{}),
	}
	s.password.Store(&loaded.AdminPassword)
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
	settings *settings.Settings
	secrets  *os.File // nil when run by hand
	result   *os.File // nil when run by hand
	password atomic.Pointer[settings.Secret]
	talk     *runstate.Talk // nil when run by hand
	monitor  *health.Monitor
	log      zerolog.Logger

	shipper atomic.Pointer[logship.Shipper] // nil while no logs are sent
	stopped chan struct{}                   // closed when the database has ended for good
	shipped chan struct{}                   // closed when all that could be sent of the logs has been

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
	working.Go(func() { s.shipLogs(ctx) })
	working.Go(func() { s.finishRestores(ctx) })
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

// reloadOnHangup reads the files of secrets again at each SIGHUP, which PID 1 passes on.
func (s *server) reloadOnHangup(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		loaded, err := reloadSettings(s.secrets)
		if err != nil {
			s.log.Error().Msg("cannot reload, everything stays as it was: " + err.Error())
			continue
		}
		changed := !loaded.AdminPassword.Equal(*s.password.Swap(&loaded.AdminPassword))
		s.log.Info().Bool("changed", changed).Msg("secrets reloaded")
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

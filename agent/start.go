package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

// startCommand is PID 1. It runs in two stages in the same process: the first holds the container's whole environment,
// checks it, does what needs root, and replaces itself by the second, whose environment and /proc/1/environ hold no
// secret.
type startCommand struct{ SecretsFD int }

func (c *startCommand) flags(f *pflag.FlagSet) {
	descriptorFlag(f, &c.SecretsFD, "secrets-fd", "has the secrets; the first stage gives it")
}

// Run ends with the database's exit code.
func (c startCommand) Run(output) error {
	outliveReaders()
	if c.SecretsFD < 0 {
		return shedSecrets()
	}
	secrets := inherited(c.SecretsFD, "secrets")
	loaded, warnings, err := loadSettings(secrets, false)
	if err != nil {
		return err
	}
	log, flush := newLog(loaded, "start")
	defer flush()
	for _, warning := range warnings {
		log.Warn().Msg(warning)
	}
	s := &starter{settings: loaded, secrets: secrets, environ: settings.Environ(), began: time.Now().UTC(), log: log}
	return said(log, s.run())
}

// shedSecrets is the first stage. It only returns when it fails.
func shedSecrets() error {
	environ := settings.Environ()
	loaded, _, err := loadSettings(nil, false)
	if err != nil {
		return err
	}
	secrets, err := settings.SecretsOf(environ, os.ReadFile)
	if err != nil {
		return withCode(exitConfig, err)
	}
	if err := dropRoot(loaded); err != nil {
		return withCode(exitPermission, err)
	}
	file, err := settings.Seal(secrets)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the agent's own binary: %v", err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETFD, 0); err != nil { // clears FD_CLOEXEC
		return fmt.Errorf("cannot hand on the secrets: %v", err)
	}
	argv := []string{"neo4j-agent", "start", "--secrets-fd", strconv.Itoa(int(file.Fd()))}
	err = syscall.Exec(self, argv, settings.Scrub(environ))
	return withCode(126, fmt.Errorf("cannot execute %s: %v", self, err))
}

// dropRoot prepares as root what only root can, then becomes the neo4j user. Nothing happens when we are not root or
// there is no such user.
func dropRoot(loaded *settings.Settings) error {
	who, known := neo4jIdentity()
	if os.Getuid() != 0 || !known {
		return nil
	}
	folders := layoutOf(loaded)
	made := folders.missing()
	if err := folders.create(); err != nil {
		return err
	}
	if os.MkdirAll(folders.run, 0o755) == nil { // where that fails the volume has room for it
		made = append(made, folders.run)
	}
	if loaded.SecureFilePermissions { // what was there before is the user's affair
		return errors.Join(giveTo(who, made), become(who))
	}
	return errors.Join(giveTo(who, append(made, folders.trees...)), become(who))
}

// starter is the second stage: it makes the commands of the children and hands them to the supervisor.
type starter struct {
	settings *settings.Settings
	environ  []string // without secrets
	secrets  *os.File
	lock     *os.File
	result   *os.File                // takes what prepare says
	kept     *os.File                // takes what Secrets Manager gave
	last     atomic.Pointer[attempt] // the newest start of the database; read beside the loop
	began    time.Time               // start of this container
	log      zerolog.Logger
}

// attempt is one start of the database.
type attempt struct {
	debugLog string
	logSize  int64  // of debug.log before
	script   string // EXTENSION_SCRIPT, run before the database
}

func (s *starter) run() error {
	folders := layoutOf(s.settings)
	if err := folders.create(); err != nil {
		return withCode(exitCannotMake, err)
	}
	lock, err := lockVolume(folders)
	if err != nil {
		return err
	}
	if err := s.useRunFolder(folders); err != nil {
		return withCode(exitCannotMake, err)
	}
	if s.result, err = newMemoryFile("launch"); err != nil {
		return err
	}
	if s.kept, err = newMemoryFile("kept-secrets"); err != nil {
		return err
	}
	s.lock = lock
	s.log.Info().Str("version", version).Str("state", folders.state).Msg("starting")
	code := s.lifecycle().Run()
	if code != 0 {
		return withCode(code, errSaid)
	}
	return nil
}

// useRunFolder finds the run directory, and removes what an earlier container said there: none of it is true now.
func (s *starter) useRunFolder(folders layout) error {
	folder, err := folders.runFolder()
	if err != nil {
		return err
	}
	if folder != s.settings.RunDir {
		s.log.Warn().Str("instead", folder).Msgf("cannot write %s (AGENT_RUN_DIR)", s.settings.RunDir)
	}
	s.settings.RunDir = folder
	s.environ = append(s.environ, "AGENT_RUN_DIR="+folder)
	for _, name := range []string{runstate.SupervisorFile, runstate.PreparedFile, runstate.ServedFile} {
		_ = os.Remove(filepath.Join(folder, name))
	}
	return nil
}

// lockVolume makes sure that nobody else works on the volume: another agent, or a Neo4j that a killed start left behind.
func lockVolume(folders layout) (*os.File, error) {
	lock, err := supervisor.Lock(volume(folders.state).path(lockFile))
	var held *supervisor.HeldError
	switch {
	case errors.As(err, &held):
		return nil, withCode(exitTryAgain, fmt.Errorf("%v; a Neo4j that an earlier start left behind, or another agent, must end first", err))
	case err != nil:
		return nil, withCode(exitCannotMake, err)
	}
	return lock, nil
}

func (s *starter) lifecycle() supervisor.Lifecycle {
	return supervisor.Lifecycle{
		Serve: s.serve, Prepare: s.prepare, Database: s.database,
		Words: supervisor.Words{
			Drain: runstate.Drain, Drained: runstate.Drained, Stopped: runstate.Stopped, GiveUp: runstate.GiveUp,
		},
		Restarts:    supervisor.RestartPolicy{Max: s.settings.Restarts.Max, Window: s.settings.Restarts.Window},
		StopTimeout: s.settings.StopTimeout,
		Hopeless:    s.hopeless,
		LastLines:   s.lastLines,
		Observe:     s.observer(),
		Log:         s.log,
	}
}

package main

import (
	"context"
	"maps"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
)

// reloadOnHangup reads the files of secrets again at each SIGHUP, which PID 1 passes on, and has Secrets Manager asked and
// users and certificates looked at.
func (s *server) reloadOnHangup(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			s.reload()
		}
	}
}

// reload has everything looked at that may have changed. A file of the settings that cannot be read does not keep users
// and certificates, whose own files are not among them, from being looked at.
func (s *server) reload() {
	select {
	case s.lookup <- struct{}{}:
	default: // it is about to be asked
	}
	changed, err := s.reloadFiles()
	s.lookAgain()
	if err != nil {
		s.log.Error().Msg("cannot reload, the settings stay as they were: " + err.Error())
		return
	}
	s.log.Info().Bool("changed", changed).Msg("secrets reloaded")
}

// reloadFiles reads the files of secrets again, and tells whether anything has changed.
func (s *server) reloadFiles() (bool, error) {
	s.keeper.Lock()
	defer s.keeper.Unlock()
	loaded, err := s.keeper.reread()
	return err == nil && s.renew(loaded), err
}

// watchSecrets looks up what the settings refer to in Secrets Manager, again and again. A serve that begins while that is
// away, and finds nothing kept, knows no password until it is back.
func (s *server) watchSecrets(ctx context.Context) {
	if len(s.settings.References) == 0 {
		return
	}
	store, err := secretStore(ctx, s.settings)
	if err != nil {
		s.log.Error().Msg(err.Error())
		return
	}
	watch := secrets.Watch{
		Store: store, Wanted: references(s.settings.References), Welcome: references(s.settings.Replaced),
		Every: s.settings.SecretsEvery, Now: s.lookup, Took: s.takeSecrets, Log: s.log,
		Told: func(reason string) { s.stale.tell(staleSettings, reason) },
	}
	watch.Run(ctx)
}

// takeSecrets uses what Secrets Manager holds now.
func (s *server) takeSecrets(values map[string]string) {
	s.keeper.Lock()
	defer s.keeper.Unlock()
	loaded, late, err := s.keeper.take(fitting(values, s.settings.Replaced))
	for _, name := range late {
		s.log.Warn().Msgf("%s has changed in Secrets Manager: Neo4j gets it at its next start", name)
	}
	switch {
	case err != nil:
		s.log.Error().Msg("cannot use what Secrets Manager holds, everything stays as it was: " + err.Error())
	case loaded != nil && s.renew(loaded):
		s.log.Info().Msg("secrets taken from Secrets Manager")
	}
}

// secretKeeper knows the secrets of every source as they were last seen, and makes settings of them. It is locked until
// the server has these, or older ones could come after.
type secretKeeper struct {
	sync.Mutex
	sealed *os.File // what PID 1 handed over, nil when run by hand
	kept   keptSecrets
	given  map[string]string // plain variables and files
	stored map[string]string // in Secrets Manager, nil until it has been asked
	tried  map[string]string // what it held when it was last asked, usable or not
}

// newSecretKeeper begins with what was handed over and kept, and gives the settings of that: files may have changed since
// PID 1 read them, and may be for its eyes only.
func newSecretKeeper(loaded *settings.Settings, sealed *os.File, kept keptSecrets) (*secretKeeper, *settings.Settings, error) {
	given, err := unsealed(sealed)
	if err != nil {
		return nil, nil, err
	}
	k := &secretKeeper{sealed: sealed, kept: kept, given: given, stored: kept.recall(loaded.References)}
	if fresh, err := k.reread(); err == nil {
		return k, fresh, nil
	}
	if fresh, err := settingsWith(given, k.stored); err == nil {
		return k, fresh, nil
	}
	return k, loaded, nil
}

// reread reads the files of secrets again. On an error everything stays as it was.
func (k *secretKeeper) reread() (*settings.Settings, error) {
	given, err := readSecretFiles(k.sealed)
	if err != nil {
		return nil, err
	}
	loaded, err := settingsWith(given, k.stored)
	if err == nil {
		k.given, k.tried = given, nil // what Secrets Manager holds may go with these
	}
	return loaded, err
}

// take takes in what Secrets Manager holds. The settings are nil where that is as it was; late are the settings of Neo4j
// among what has changed. On an error everything stays as it was.
func (k *secretKeeper) take(values map[string]string) (loaded *settings.Settings, late []string, err error) {
	if maps.Equal(values, k.tried) {
		return nil, nil, nil
	}
	k.tried = values
	if loaded, err = settingsWith(k.given, values); err != nil {
		return nil, nil, err
	}
	for name := range loaded.Neo4j {
		if before, known := k.stored[name]; known && before != values[name] {
			late = append(late, name)
		}
	}
	k.stored = values
	k.kept.keep(values)
	return loaded, late, nil
}

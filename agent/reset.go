package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"

	"neo4j-agent/agent/health"
	"neo4j-agent/neo4jconf"
)

// resetFolder is where the configuration of the unguarded server lies, below the run directory.
const resetFolder = "reset"

// resetPassword gives the administrator of an existing store the password of the settings, when asked to by
// AGENT_RESET_ADMIN_PASSWORD. It comes last, when the configuration and the command of the server are known.
func (p *preparation) resetPassword(ctx context.Context) error {
	if !p.settings.ResetAdminPassword || p.settings.AuthDisabled || p.settings.AdminPassword.IsZero() {
		return nil
	}
	config := p.neo4j.intent.Config
	initial := neo4jconf.InitialPassword{Password: p.settings.AdminPassword.Reveal(), Change: p.settings.RequirePasswordChange}
	_, _ = rand.Read(initial.Salt[:]) // never fails (crypto/rand)
	_, first, err := config.InitialPassword(initial, exists)
	if err != nil {
		return withCode(exitConfig, err)
	}
	switch file := config.UsersFile(); {
	case first: // there are no users yet
		return nil
	case p.dry:
		p.would("would reset the password of user neo4j")
		return nil
	case file != "":
		err = p.rewriteUsers(file, initial)
	case p.neo4j.intent.Role != neo4jconf.Standalone:
		err = errors.New("in a cluster since 4.0 all members must be stopped first; see \"Recover admin user and password\" in Neo4j's manual")
	default:
		err = p.askUnguarded(ctx, config, initial)
	}
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil: // the database may serve all the same
		p.log.Error().Msgf("cannot reset the password of user neo4j, it stays as it was: %v", err)
	default:
		p.log.Warn().Msg("the password of user neo4j is that of the settings again; take AGENT_RESET_ADMIN_PASSWORD away, or each start does this anew")
	}
	return nil
}

// rewriteUsers changes the file that the server reads at its start.
func (p *preparation) rewriteUsers(file string, initial neo4jconf.InitialPassword) error {
	users, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return writeDurably(file, p.neo4j.dialect.WithPassword(users, initial), 0o600)
}

// askUnguarded starts the server without authentication, heard on the loopback only, has it change the password, and
// stops it.
func (p *preparation) askUnguarded(ctx context.Context, config neo4jconf.Config, initial neo4jconf.InitialPassword) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	folder := filepath.Join(p.settings.RunDir, resetFolder)
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	open := config.Unguarded(port)
	for _, file := range filesOf(open) {
		if err := writeDurably(filepath.Join(folder, file.name), file.text, 0o600); err != nil {
			return err
		}
	}
	aside := *p
	aside.folders.state = folder // the line kept on the volume is that of the server itself
	aside.neo4j.folder, aside.neo4j.conf = folder, filepath.Join(folder, confName)
	aside.launch.Env = append(aside.launch.Env[:len(aside.launch.Env):len(aside.launch.Env)], "NEO4J_CONF="+folder)
	if err := aside.findLine(ctx); err != nil {
		return err
	}
	server := &throwaway{bolt: open.BoltAddress(), log: p.log}
	stop, err := server.start(ctx, &aside)
	defer stop()
	if err != nil {
		return err
	}
	statement := p.neo4j.dialect.ResetPassword(initial.Password, initial.Change)
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	err = server.witness.Do(ctx, p.neo4j.dialect.SystemDatabase(), statement.Text, statement.Parameters)
	var said *health.Refusal
	if !errors.As(err, &said) || !neo4jconf.SamePassword(said.Message) {
		return err
	}
	if !p.neo4j.dialect.HasRoles() {
		return nil
	}
	statement = p.neo4j.dialect.SetSuspended(adminName, false) // of what was refused nothing was done
	return server.witness.Do(ctx, p.neo4j.dialect.SystemDatabase(), statement.Text, statement.Parameters)
}

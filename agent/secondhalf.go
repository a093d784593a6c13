package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
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
	said := ""
	for {
		err := s.finishHalfDone(ctx)
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

func (s *server) finishHalfDone(ctx context.Context) error {
	status, prepared := s.monitor.Current(), s.prepared()
	if status.Phase != health.Ready || prepared.Markers == "" {
		return nil
	}
	half, err := restore.HalfDone(prepared.Markers)
	if err != nil || len(half) == 0 {
		return err
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
	for _, h := range half {
		f := &finishing{Client: client, dialect: dialect, scripts: prepared.Scripts, half: h, leads: status.Databases[systemDatabase] == health.RoleLeader}
		if err := f.run(ctx); err != nil {
			return err
		}
		if err := restore.Finish(prepared.Markers, h.Name); err != nil {
			return err
		}
		s.log.Info().Str("snapshot", h.Name).Strs("databases", h.Databases).Msg("the running server has all databases of the restore")
	}
	return nil
}

// systemClient reaches the system database through whoever leads it.
func (s *server) systemClient(prepared runstate.Prepared) (*health.Client, error) {
	user, password := s.credentials()
	if !prepared.AuthEnabled {
		password = ""
	}
	if prepared.Role == string(neo4jconf.Standalone) {
		return health.NewClient(prepared.Local.Bolt, user, password)
	}
	return health.NewRoutedClient(prepared.Local.Bolt, user, password)
}

// dialectOf is that of the database as prepare found it.
func dialectOf(prepared runstate.Prepared) (neo4jconf.Dialect, error) {
	version, err := neo4jconf.ParseVersion(prepared.Neo4jVersion)
	if err != nil {
		return neo4jconf.Dialect{}, err
	}
	return neo4jconf.For(version, neo4jconf.Edition(prepared.Edition))
}

// finishing is the second half of one restore.
type finishing struct {
	*health.Client
	dialect neo4jconf.Dialect
	scripts map[string]string // database to the statements of its users and roles
	half    restore.Half
	leads   bool // this member leads the system database
}

func (f *finishing) run(ctx context.Context) error {
	there, err := f.databases(ctx)
	if err != nil {
		return err
	}
	if f.half.Seeds != nil {
		return f.seed(ctx, there)
	}
	for _, name := range f.half.Databases {
		if there[name] {
			continue
		}
		if err := f.do(ctx, "CREATE DATABASE $database", map[string]any{"database": name}); err != nil {
			return fmt.Errorf("cannot create database %s, whose files are restored: %v", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.scripts)) {
		if err := f.runScript(ctx, name, f.scripts[name]); err != nil {
			return err
		}
	}
	return nil
}

// runScript makes the users and roles anew that a restore left statements for. They say IF NOT EXISTS themselves.
func (f *finishing) runScript(ctx context.Context, database, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot restore users and roles of %s: %v", database, err)
	}
	for i, statement := range neo4jconf.Statements(string(text)) {
		if err := f.do(ctx, statement, map[string]any{"database": database}); err != nil {
			return fmt.Errorf("cannot restore users and roles of %s: statement %d of %s: %v", database, i+1, path, err)
		}
	}
	return nil
}

// databases are the names that the server knows.
func (f *finishing) databases(ctx context.Context) (map[string]bool, error) {
	rows, err := f.Rows(ctx, f.dialect.SystemDatabase(), f.dialect.DatabaseList(), nil)
	if err != nil {
		return nil, fmt.Errorf("cannot list the databases: %v", err)
	}
	there := map[string]bool{}
	for _, row := range rows {
		if name, ok := row["name"].(string); ok {
			there[name] = true
		}
	}
	return there, nil
}

// seed has the cluster fetch each database. The default one exists in a new cluster, and is made anew as long as it is
// empty; one that holds anything is never touched. Only the member that leads the system database acts.
func (f *finishing) seed(ctx context.Context, there map[string]bool) error {
	for name, uri := range f.half.Seeds {
		if there[name] {
			empty, err := f.isEmpty(ctx, name)
			if err != nil {
				return err
			}
			if !empty {
				continue
			}
		}
		if !f.leads {
			return fmt.Errorf("database %s is not there yet: the member that leads the system database makes it", name)
		}
		if there[name] {
			if err := f.do(ctx, "DROP DATABASE $database", map[string]any{"database": name}); err != nil {
				return fmt.Errorf("cannot make the empty database %s anew: %v", name, err)
			}
		}
		statement, err := f.dialect.Seed(neo4jconf.Seed{Database: name, URI: uri})
		if err == nil {
			err = f.do(ctx, statement.Text, statement.Parameters)
		}
		if err != nil {
			return fmt.Errorf("cannot seed database %s from %s: %v", name, uri, err)
		}
	}
	return nil
}

func (f *finishing) isEmpty(ctx context.Context, database string) (bool, error) {
	rows, err := f.Rows(ctx, database, "MATCH (n) RETURN count(n) AS nodes", nil)
	if err != nil || len(rows) != 1 {
		return false, fmt.Errorf("cannot tell whether database %s is empty: %v", database, err)
	}
	return rows[0]["nodes"] == int64(0), nil
}

func (f *finishing) do(ctx context.Context, statement string, parameters map[string]any) error {
	return f.Do(ctx, f.dialect.SystemDatabase(), statement, parameters)
}

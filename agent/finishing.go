package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"neo4j-agent/agent/restore"
	"neo4j-agent/neo4jconf"
)

// finishing is the second half of one restore, statement by statement. All is asked of leaders: what a follower says may
// be older than what was just done.
type finishing struct {
	server interface {
		LeaderRows(ctx context.Context, database, query string, parameters map[string]any) ([]map[string]any, error)
		Do(ctx context.Context, database, statement string, parameters map[string]any) error
	}
	dialect  neo4jconf.Dialect
	scripts  map[string]string // database to the statements of its users and roles
	half     restore.Half
	own      string                          // this member's Bolt address, as the server lists it
	note     func(database, id string) error // see restore.NoteBefore
	patience patience

	leads bool // this member leads the system database, as of this try
	// seeded are the databases that have been seeded, as far as that shows.
	seeded map[string]bool
}

// run does what is left for each database; its error says what it waits for.
func (f *finishing) run(ctx context.Context, there map[string]*listed) error {
	system := there[systemDatabase]
	f.leads = system != nil && system.writer != "" && system.writer == f.own
	f.seeded = seededBy(there)
	var waiting []string
	for _, name := range f.half.Databases {
		err := f.database(ctx, name, there[name])
		if script := f.scripts[name]; err == nil && script != "" {
			err = f.runScript(ctx, name, script)
		}
		if err != nil {
			waiting = append(waiting, err.Error())
		}
	}
	if len(waiting) > 0 {
		return errors.New(strings.Join(waiting, "; "))
	}
	return nil
}

func (f *finishing) database(ctx context.Context, name string, there *listed) error {
	if uri := f.half.Seeds[name]; uri != "" {
		return f.seed(ctx, name, uri, there)
	}
	if there == nil {
		return f.create(ctx, name)
	}
	return there.online(name)
}

func (f *finishing) create(ctx context.Context, name string) error {
	if err := f.do(ctx, "CREATE DATABASE $database", map[string]any{"database": name}); err != nil {
		return fmt.Errorf("cannot create database %s, whose files are restored: %v", name, err)
	}
	return fmt.Errorf("database %s is created", name)
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

func (f *finishing) do(ctx context.Context, statement string, parameters map[string]any) error {
	return f.server.Do(ctx, f.dialect.SystemDatabase(), statement, parameters)
}

// databases are those that the server knows.
func (f *finishing) databases(ctx context.Context) (map[string]*listed, error) {
	rows, err := f.server.LeaderRows(ctx, f.dialect.SystemDatabase(), f.dialect.DatabaseList(), nil)
	if err != nil {
		return nil, fmt.Errorf("cannot list the databases: %v", err)
	}
	return listedIn(rows), nil
}

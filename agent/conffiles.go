package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"neo4j-agent/neo4jconf"
)

// The files of a configuration, all in one folder.
const (
	confName       = "neo4j.conf"
	apocName       = "apoc.conf"
	serverLogsName = "server-logs.xml"
)

// configFile is one file that a configuration consists of.
type configFile struct {
	name     string
	text     []byte
	settings *neo4jconf.Config // those in it; nil for a file that holds none
}

func filesOf(config neo4jconf.Config) []configFile {
	files := []configFile{{confName, config.Bytes(), &config}}
	if apoc, ok := config.APOC(); ok {
		files = append(files, configFile{apocName, apoc.Bytes(), &apoc})
	}
	if text, ok := config.ServerLogs(); ok {
		files = append(files, configFile{serverLogsName, text, nil})
	}
	return files
}

// path is where Neo4j will read a file of its configuration.
func (p *preparation) path(name string) string {
	return filepath.Join(filepath.Dir(p.neo4j.conf), name)
}

// writeFile writes a file of the configuration where it would change.
func (p *preparation) writeFile(file configFile) error {
	path := p.path(file.name)
	old, err := readIfThere(path)
	switch {
	case err != nil:
		return withCode(exitInputOutput, err)
	case bytes.Equal(old, file.text) && (!p.settings.ExtendedConf || private(path)):
		return nil
	case p.dry:
		p.would("would write %s", path)
		return nil
	}
	if err := writeDurably(path, file.text, confMode); err != nil {
		return withCode(exitInputOutput, err)
	}
	p.log.Info().Str("path", path).Msg("configuration written")
	return nil
}

// confMode is the most that Neo4j allows to a file in which it is to run commands, which must be its own user's too
// (manual, "Command expansion").
const confMode = 0o640

// private tells whether Neo4j would run the commands in a file.
func private(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().Perm()&^confMode == 0 && int(stat.Uid) == os.Getuid()
}

// readEither reads a file from the first folder that has it.
func readEither(name string, folders ...string) ([]byte, error) {
	for _, folder := range folders {
		if text, err := readIfThere(filepath.Join(folder, name)); text != nil || err != nil {
			return text, err
		}
	}
	return nil, nil
}

// readIfThere reads a file, nil for none.
func readIfThere(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %v", err)
	}
	return text, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

// render makes the configuration from all that has been found out.
func (p *preparation) render() (neo4jconf.Config, error) {
	config, warnings, err := neo4jconf.Render(p.input())
	if err != nil {
		return config, withCode(exitConfig, err)
	}
	for _, warning := range warnings {
		p.log.Warn().Msg(warning.Text)
	}
	return config, nil
}

// configNow makes the configuration with the members that can be found at once.
func (p *preparation) configNow(ctx context.Context) (neo4jconf.Config, error) {
	if err := inTurn(ctx, p.readHome, p.findAddress, p.lookOnce); err != nil {
		return neo4jconf.Config{}, err
	}
	return p.render()
}

// writeConfig writes the files of the configuration that would change, and notes how to launch Neo4j with them.
func (p *preparation) writeConfig(context.Context) error {
	config, err := p.render()
	if err != nil {
		return err
	}
	if err := p.makeDirectories(config); err != nil {
		return err
	}
	if err := p.linkCertificates(config); err != nil {
		return err
	}
	if err := p.keepPairs(); err != nil {
		return err
	}
	p.conclude(config)
	if !p.dry {
		if err := p.copyFolder(); err != nil {
			return withCode(exitCannotMake, err)
		}
		// What a killed container left; the lock proves that nobody runs (the image's entrypoint removes it too).
		_ = os.Remove(filepath.Join(p.settings.Home, "run", "neo4j.pid"))
	}
	for _, file := range filesOf(config) {
		if err := p.writeFile(file); err != nil {
			return err
		}
	}
	if p.dry {
		return nil
	}
	return withCode(exitInputOutput, volume(p.folders.state).keepService(config.Service()))
}

// makeDirectories makes what this configuration names beside the data root's own folders.
func (p *preparation) makeDirectories(config neo4jconf.Config) error {
	for _, path := range config.Directories() {
		if exists(path) {
			continue
		}
		if p.dry {
			p.would("would create %s", path)
			continue
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return withCode(exitCannotMake, cannotCreate(path, err))
		}
	}
	return refuseLocked(config.Directories())
}

// copyFolder copies the other files beside neo4j.conf to where Neo4j will look for them, when that is another folder.
func (p *preparation) copyFolder() error {
	to := filepath.Dir(p.neo4j.conf)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("cannot create %s: %v", to, err)
	}
	from := p.neo4j.folder
	entries, err := os.ReadDir(from)
	if from == to || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot copy the configuration: %v", err)
	}
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(from, entry.Name())) // a mounted folder may hold links
		if err != nil || !info.Mode().IsRegular() || entry.Name() == confName {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, entry.Name()), text, 0o640)
		}
		if err != nil {
			return fmt.Errorf("cannot copy the configuration: %v", err)
		}
	}
	return nil
}

// conclude notes what the final configuration means for serve and for the launch.
func (p *preparation) conclude(config neo4jconf.Config) {
	ports := config.Ports()
	p.prepared.Members = p.addresses()
	p.prepared.AuthEnabled, p.prepared.ShortestPassword = config.AuthEnabled(), config.ShortestPassword()
	p.prepared.Ports = runstate.Ports{
		Bolt: ports.Bolt, HTTP: ports.HTTP, HTTPS: ports.HTTPS, Discovery: ports.Discovery,
		Transaction: ports.Transaction, Raft: ports.Raft, Backup: ports.Backup,
	}
	p.prepared.Local = runstate.Local{Bolt: config.BoltAddress(), HTTP: config.HTTPAddress(), HTTPS: config.HTTPSAddress(),
		BoltEncrypted: config.BoltEncrypted()}
	p.prepared.Certificates = p.certificatesOf(config)
	p.warnOfClients(config)
	p.prepared.Ask = p.askFor(config)
	p.launch.Env = []string{"NEO4J_HOME=" + p.settings.Home, "NEO4J_CONF=" + filepath.Dir(p.neo4j.conf)}
	if answer := p.settings.LicenseAgreement; answer != "" { // 5 and later ask for it too, and it may come from a file
		p.launch.Env = append(p.launch.Env, "NEO4J_ACCEPT_LICENSE_AGREEMENT="+answer)
	}
}

// askFor is how serve asks the database. A standalone server has no cluster to be asked about.
func (p *preparation) askFor(config neo4jconf.Config) runstate.Ask {
	database := config.DefaultDatabase()
	how := p.neo4j.dialect.Status(database)
	ask := runstate.Ask{DefaultDatabase: database, DatabaseSelectable: how.SelectsDatabase}
	if config.Role() != neo4jconf.Standalone {
		ask.StatusPath, ask.WritablePath, ask.AvailablePath = how.Describe, how.Writable, how.Available
		ask.OverviewQuery = how.Overview
	}
	return ask
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"neo4j-agent/agent/peers"
	"neo4j-agent/neo4jconf"
)

// neo4jHome is what prepare read of the Neo4j that it is to start.
type neo4jHome struct {
	dialect neo4jconf.Dialect
	intent  neo4jconf.Intent
	folder  string     // of the configuration as found
	conf    string     // path of the neo4j.conf that Neo4j will read
	found   foundFiles // what the configuration is made from
	mounts  map[string]bool
	service neo4jconf.DiscoveryService // what this member's cluster runs, "" where it is new
	memory  neo4jconf.Memory           // sizes from the container's limit
}

// foundFiles are the files of a configuration as they were found, nil for none.
type foundFiles struct{ conf, apoc, serverLogs []byte }

// confMount is where the official image takes configuration files.
const confMount = "/conf"

// mountPoints are the folders that the official image takes (docker-neo4j's docker-entrypoint.sh).
var mountPoints = []string{"/data", "/import", "/licenses", "/logs", "/metrics", "/plugins", "/ssl"}

// readHome finds version, edition and base configuration, and what they mean for this member.
func (p *preparation) readHome(ctx context.Context) error {
	home := p.settings.Home
	jars, err := jarNames(filepath.Join(home, "lib"))
	if err != nil {
		return withCode(exitConfig, fmt.Errorf("cannot find Neo4j: %v; NEO4J_HOME must be the folder that holds lib and bin", err))
	}
	version, edition, err := neo4jconf.Detect(jars)
	if err != nil {
		return withCode(exitConfig, err)
	}
	if edition, err = edition.Or(p.settings.Edition); err != nil {
		return withCode(exitConfig, err)
	}
	if p.neo4j.dialect, err = neo4jconf.For(version, edition); err != nil {
		return withCode(exitConfig, err)
	}
	if err := p.neo4j.dialect.LicenceAccepted(p.settings.LicenseAgreement); err != nil {
		return withCode(exitConfig, err)
	}
	if err := p.readBase(); err != nil {
		return withCode(exitInputOutput, err)
	}
	if err := p.readIntent(); err != nil {
		return withCode(exitConfig, err)
	}
	if err := p.readPairs(); err != nil {
		return withCode(exitConfig, err)
	}
	p.sizeMemory(machine())
	return p.learn(ctx, version, edition)
}

// readIntent finds what the configuration wants. Where members of its cluster find each other by a service of their own
// choice, the one that this volume had before counts: members that run different ones do not meet.
func (p *preparation) readIntent() error {
	var err error
	p.neo4j.service = volume(p.folders.state).service()
	if p.neo4j.intent, err = p.input().Intent(); err != nil || p.neo4j.service != "" {
		return err
	}
	if p.neo4j.service = p.neo4j.intent.Config.ServiceBefore(exists); p.neo4j.service != "" {
		p.neo4j.intent, err = p.input().Intent()
	}
	return err
}

// learn notes what serve and PID 1 are to be told of this member.
func (p *preparation) learn(ctx context.Context, version neo4jconf.Version, edition neo4jconf.Edition) error {
	config, intent := p.neo4j.intent.Config, p.neo4j.intent
	state := volume(p.folders.state)
	id, err := p.identify(ctx, state)
	if err != nil {
		return withCode(exitInputOutput, err)
	}
	p.prepared.MemberID, p.prepared.ClusterName = id, p.settings.ClusterName
	p.prepared.Neo4jVersion, p.prepared.Edition = version.String(), string(edition)
	p.prepared.Role, p.prepared.FormationSize = string(intent.Role), intent.FormationSize
	p.prepared.Ports.Discovery = intent.Ports.Discovery
	p.prepared.FormedBefore = state.wasFormed() || config.FormedBefore(exists)
	p.prepared.DataDir, p.prepared.StateDir = config.DataDir(), p.folders.state
	p.prepared.Logs, p.prepared.RotatedLogs, p.prepared.UnwrittenLogs = config.LogFiles(), config.RotatedLogs(), config.UnwrittenLogs()
	return nil
}

// identify gives the name of this member: the one its volume has, else what the user says, else the ECS task's id, else
// the host's name.
func (p *preparation) identify(ctx context.Context, state volume) (string, error) {
	if known, err := state.identity(); known != "" || err != nil {
		return known, err
	}
	fallback := p.settings.MemberID
	if fallback == "" && p.settings.ECSMetadataURI != "" {
		fallback = peers.TaskID(ctx, metadataClient(), p.settings.ECSMetadataURI)
	}
	if fallback == "" {
		fallback, _ = os.Hostname()
	}
	if p.dry {
		return fallback, nil
	}
	return state.identify(fallback)
}

// readBase finds the configuration that ours is made from, in a mounted /conf first, as in the official image, and where
// ours is written: in a folder that takes no file (a read-only root) Neo4j reads a copy in the run directory.
func (p *preparation) readBase() error {
	written := p.settings.Conf
	if written == "" {
		written = filepath.Join(p.settings.Home, "conf")
	}
	p.neo4j.folder, p.neo4j.conf = written, filepath.Join(written, confName)
	standIn := written // for files that a mounted folder lacks; they stay beside those
	if exists(confMount) {
		p.neo4j.folder = confMount
		if p.neo4j.dialect.ConfMountIsWhole() {
			standIn = confMount
		}
	}
	var err error
	if p.neo4j.found.conf, err = readEither(confName, p.neo4j.folder, standIn); err != nil {
		return err
	}
	if p.neo4j.found.apoc, err = readEither(apocName, p.neo4j.folder, written); err != nil {
		return err
	}
	if p.neo4j.found.serverLogs, err = readEither(serverLogsName, p.neo4j.folder, written); err != nil {
		return err
	}
	if !p.dry && !writable(written) {
		p.neo4j.conf = filepath.Join(p.settings.RunDir, "conf", confName)
	}
	p.neo4j.mounts = map[string]bool{}
	for _, path := range mountPoints {
		p.neo4j.mounts[path] = exists(path)
	}
	return nil
}

// input is all that the configuration depends on, as far as it is known by now.
func (p *preparation) input() neo4jconf.Input {
	variables := map[string]string{}
	for name, value := range p.settings.Neo4j {
		variables[name] = value.Reveal()
	}
	hostname, _ := os.Hostname()
	in := neo4jconf.Input{
		Dialect: p.neo4j.dialect, File: p.neo4j.found.conf, APOC: p.neo4j.found.apoc, ServerLogs: p.neo4j.found.serverLogs, Env: variables,
		Members: p.found, Advertise: p.own.Advertised, Listen: p.own.Listen, Hostname: hostname,
		HomeDir: p.settings.Home, ConfDir: filepath.Dir(p.neo4j.conf), DataRoot: p.settings.DataRoot, Mounts: p.neo4j.mounts,
		QueryLog: p.settings.QueryLog, AuthDisabled: p.settings.AuthDisabled, Memory: p.neo4j.memory,
		Plugins: p.settings.Plugins, Service: p.neo4j.service,
		TLS: p.tls(),
	}
	if p.settings.UpgradeMode {
		in.Role = neo4jconf.Standalone
	}
	if !p.clustered() {
		in.Advertise, in.Listen = "", ""
		return in
	}
	in.Discovery = neo4jconf.List
	if in.Advertise == "" { // the role and the ports do not depend on it
		in.Advertise = "127.0.0.1"
	}
	return in
}

// setPassword leaves the initial password for Neo4j's first start, so that the default password never answers.
func (p *preparation) setPassword(context.Context) error {
	if p.settings.AuthDisabled || p.settings.AdminPassword.IsZero() {
		return nil
	}
	initial := neo4jconf.InitialPassword{Password: p.settings.AdminPassword.Reveal(), Change: p.settings.RequirePasswordChange}
	_, _ = rand.Read(initial.Salt[:]) // never fails (crypto/rand)
	file, needed, err := p.neo4j.intent.Config.InitialPassword(initial, exists)
	switch {
	case err != nil:
		return withCode(exitConfig, err)
	case !needed:
		return nil
	case p.dry:
		p.would("would set the initial password of user neo4j in %s", file.Path)
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil {
		return withCode(exitCannotMake, fmt.Errorf("cannot set the initial password: %v", err))
	}
	if err := writeDurably(file.Path, file.Content, 0o600); err != nil {
		return withCode(exitInputOutput, fmt.Errorf("cannot set the initial password: %v", err))
	}
	p.log.Info().Bool("to be changed", initial.Change).Msg("initial password of user neo4j set")
	return nil
}

// jarNames lists the jars of a lib folder.
func jarNames(lib string) ([]string, error) {
	entries, err := os.ReadDir(lib)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".jar") {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

const (
	// knockLimit bounds a connection to a member, in the same network or a peered one.
	knockLimit = 3 * time.Second
	// standardBackupPort is where a server listens for backups where nobody says otherwise (manual, "Ports").
	standardBackupPort = 6362
	// standardBoltPort likewise.
	standardBoltPort = 7687
)

// source is a member that a backup can be taken from.
type source struct {
	bolt       string // host:port
	advertised string // how the servers call that, where it is known to be something else
	clustered  bool
}

// told is the Bolt address by which servers tell of a source.
func (s source) told() string { return cmp.Or(s.advertised, s.bolt) }

// sources gives the addresses to take the backup from, the best first, and keeps what is known of them.
func (b *backupJob) sources(ctx context.Context) ([]string, error) {
	b.members = map[string]source{}
	own := ""
	var candidates []backup.Candidate
	var err error
	from := b.settings.BackupFrom
	switch from {
	case backup.FromOwn:
		own, err = b.ownSource(ctx)
	case backup.FromDiscovery:
		candidates, err = b.candidates(ctx)
	default:
		from, err = b.givenSource(from)
	}
	if err != nil {
		return nil, err
	}
	found, err := backup.Sources(from, own, candidates)
	if from != backup.FromDiscovery {
		candidates = b.besides(ctx, found)
	}
	b.references = backup.References(candidates, found)
	if err == nil {
		b.log.Info().Strs("sources", found).Msg("sources of the backup, the best first")
	}
	return found, err
}

// besides are the members that a source which somebody named tells of, to see whether it follows them.
func (b *backupJob) besides(ctx context.Context, named []string) []backup.Candidate {
	var candidates []backup.Candidate
	for _, address := range named {
		if s := b.members[address]; s.clustered && b.canAsk() {
			candidates = append(candidates, b.known(ctx, b.overviewAt(ctx, s.bolt))...)
		}
	}
	return candidates
}

// ownSource is the server of this container, or of this machine. Whether it is in a cluster, and up to date, the agent that
// serves here knows best.
func (b *backupJob) ownSource(ctx context.Context) (string, error) {
	config := b.neo4j.intent.Config
	address := config.BackupAddress()
	if address == "" {
		return "", withCode(exitConfig, errors.New("cannot back up this instance: its configuration switches backups off"))
	}
	s := source{bolt: config.BoltAddress(), clustered: config.Role() != neo4jconf.Standalone}
	if status, _, err := ask(ctx, b.settings.HTTPAddr); err == nil && status.Member.Kind != "" {
		s.clustered, s.advertised = status.Member.Kind != health.Standalone, status.Member.Bolt
		if status.Phase != health.Ready {
			return "", withCode(exitUnavailable, fmt.Errorf("cannot back up this instance: it is %s (%s), so that its data may be old; where no other member has newer data, say --from=%s", status.Phase, status.Reason, address))
		}
	}
	b.members[address] = s
	return address, nil
}

// givenSource is a member by its address, with or without the port.
func (b *backupJob) givenSource(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, strconv.Itoa(b.backupPort())
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return "", withCode(exitConfig, fmt.Errorf("cannot back up from %q: it is neither this_instance nor discovery nor an address", address))
	}
	address = net.JoinHostPort(host, port)
	b.members[address] = source{bolt: b.boltOf(host), clustered: b.clustered()}
	return address, nil
}

// backupPort and boltPort are those of the members, which are configured as this one.
func (b *backupJob) backupPort() int {
	return cmp.Or(b.neo4j.intent.Ports.Backup, standardBackupPort)
}

func (b *backupJob) boltOf(host string) string {
	return net.JoinHostPort(host, strconv.Itoa(cmp.Or(b.neo4j.intent.Ports.Bolt, standardBoltPort)))
}

// candidates are the members that discovery finds, with their roles and the read replicas that discovery does not know
// where one of them tells.
func (b *backupJob) candidates(ctx context.Context) ([]backup.Candidate, error) {
	if b.settings.Discovery == settings.DiscoveryNone {
		return nil, withCode(exitConfig, errors.New("cannot find a member to back up: BACKUP_FROM is discovery, "+
			"and neither CLOUDMAP_SERVICE_ID nor AGENT_DISCOVERY is set"))
	}
	finder, err := newFinder(ctx, b.settings, b.neo4j.intent.Ports.Discovery, b.log)
	if err != nil {
		return nil, err
	}
	found, err := finder.Find(ctx)
	if err != nil {
		return nil, memberErrors(err)
	}
	cores := coreHosts(found)
	seen := b.overview(ctx, cores)
	candidates := b.known(ctx, seen)
	if !slices.ContainsFunc(candidates, func(c backup.Candidate) bool { return c.Healthy }) {
		candidates = b.unknown(ctx, cores)
	}
	return candidates, nil
}

// coreHosts are the members by host, the healthy ones first.
func coreHosts(found []peers.Member) []string {
	var hosts []string
	for _, m := range peers.Gather(found, peers.Member{}, len(found)) {
		host := m.Host
		if len(m.Addrs) > 0 {
			host = m.Addrs[0].String()
		}
		hosts = append(hosts, host)
	}
	return hosts
}

// overview asks one core after the other for all members, until one answers.
func (b *backupJob) overview(ctx context.Context, cores []string) []health.Seen {
	if !b.canAsk() {
		b.log.Warn().Msg("no password of user neo4j is given: the roles of the members are not known, and read replicas not found")
		return nil
	}
	for _, host := range cores {
		if seen := b.overviewAt(ctx, b.boltOf(host)); len(seen) > 0 {
			return seen
		}
	}
	return nil
}

// overviewAt asks one member, by its Bolt address, for all.
func (b *backupJob) overviewAt(ctx context.Context, bolt string) []health.Seen {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	database := b.neo4j.intent.Config.DefaultDatabase()
	client, err := health.NewClient(bolt, "neo4j", b.settings.AdminPassword.Reveal(), b.overBolt(bolt))
	var seen []health.Seen
	if err == nil {
		seen, err = client.Overview(ctx, b.neo4j.dialect.Status(database).Overview, database)
		client.Close()
	}
	if err != nil || len(seen) == 0 {
		b.log.Warn().Err(err).Str("member", bolt).Msg("this member does not tell of the others")
	}
	return seen
}

// roles are those of the overview.
var roles = map[string]backup.Role{"LEADER": backup.Leader, "FOLLOWER": backup.Follower, "READ_REPLICA": backup.ReadReplica}

// known are the candidates of an overview.
func (b *backupJob) known(ctx context.Context, seen []health.Seen) []backup.Candidate {
	database := b.neo4j.intent.Config.DefaultDatabase()
	candidates := make([]backup.Candidate, len(seen))
	var looking sync.WaitGroup
	for i, s := range seen {
		host, _, err := net.SplitHostPort(s.Bolt)
		if err != nil {
			continue
		}
		role, known := roles[s.Roles[database]]
		if !known {
			role = backup.UnknownCore
		}
		c := &candidates[i]
		c.Address, c.Role = net.JoinHostPort(host, strconv.Itoa(b.backupPort())), role
		b.members[c.Address] = source{bolt: s.Bolt, clustered: true}
		looking.Go(func() { c.Healthy = b.healthy(ctx, c.Address, s.HTTP, database) })
	}
	looking.Wait()
	return slices.DeleteFunc(candidates, func(c backup.Candidate) bool { return c.Address == "" })
}

// unknown are candidates of which the address alone is known.
func (b *backupJob) unknown(ctx context.Context, cores []string) []backup.Candidate {
	candidates := make([]backup.Candidate, len(cores))
	var looking sync.WaitGroup
	for i, host := range cores {
		c := &candidates[i]
		c.Address, c.Role = net.JoinHostPort(host, strconv.Itoa(b.backupPort())), backup.UnknownCore
		b.members[c.Address] = source{bolt: b.boltOf(host), clustered: true}
		looking.Go(func() { c.Healthy = reach(ctx, c.Address) == nil })
	}
	looking.Wait()
	return candidates
}

// healthy tells whether a member takes backups and does not say of itself that it is unhealthy.
func (b *backupJob) healthy(ctx context.Context, address, http, database string) bool {
	if reach(ctx, address) != nil {
		return false
	}
	path := b.neo4j.dialect.Status(database).Describe
	return http == "" || path == "" || !health.Unhealthy(ctx, "http://"+http, path)
}

// reach tells whether a source takes connections.
func reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, knockLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot reach it: %v", err)
	}
	return conn.Close()
}

// asking asks the source of a backup.
func (b *backupJob) asking(ctx context.Context, source string, questions func(context.Context, witness) error) error {
	if !b.canAsk() {
		return errNoPassword
	}
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	w, err := newWitness(b.neo4j.dialect, b.members[source].bolt, b.settings.AdminPassword, b.overBolt(b.members[source].bolt))
	if err != nil {
		return err
	}
	defer w.Close()
	return questions(ctx, w)
}

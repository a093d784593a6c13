package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// dumpLines is how much of each member's log Dump shows.
const dumpLines = 40

// spareEndpoints are reserved beside the first members', for those added later.
const spareEndpoints = 4

// Options describe a cluster.
type Options struct {
	Agent     string // path of the neo4j-agent binary
	Parts     *Parts
	Dir       string // members' homes, volumes and logs; what is in it is used again
	Cores     int
	Replicas  int
	Env       map[string]string // for every member, over what the cluster sets
	Discovery Discovery         // where members find each other; when zero the cluster starts moto for itself
}

// Discovery is a Cloud Map service.
type Discovery struct{ Endpoint, ServiceID string }

// Cluster is a set of members that find each other.
type Cluster struct {
	Members []*Member

	options   Options
	lock      *os.File // on the folder
	guard     *guard
	network   *Network
	discovery Discovery
	moto      *Moto
}

// New reserves addresses, starts moto where it is needed and lays out the members; none of them is started yet. Close
// must be called in the end.
func New(ctx context.Context, options Options) (*Cluster, error) {
	var err error
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return nil, fmt.Errorf("cannot make a cluster: %v", err)
	}
	if options.Agent, err = filepath.Abs(options.Agent); err != nil {
		return nil, fmt.Errorf("cannot make a cluster: %v", err)
	}
	if err := os.MkdirAll(options.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make a cluster: %v", err)
	}
	c := &Cluster{options: options, discovery: options.Discovery}
	if err := c.open(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for range options.Cores {
		c.Add(MemberOptions{Role: Core})
	}
	for range options.Replicas {
		c.Add(MemberOptions{Role: ReadReplica})
	}
	return c, nil
}

// open takes what a cluster holds until Close.
func (c *Cluster) open(ctx context.Context) error {
	lock, held, err := tryLock(filepath.Join(c.options.Dir, ".lock"))
	if held {
		return fmt.Errorf("cannot make a cluster: another one runs in %s", c.options.Dir)
	}
	if err != nil {
		return err
	}
	c.lock = lock
	if !pidNamespaces() {
		if c.guard, err = startGuard(c.options.Dir); err != nil {
			return err
		}
	}
	if c.network, err = Addresses(c.options.Cores + c.options.Replicas + spareEndpoints); err != nil {
		return err
	}
	if c.discovery != (Discovery{}) || c.options.Cores == 0 {
		return nil
	}
	if c.moto, err = c.options.Parts.StartMoto(ctx, c.options.Dir, 0); err != nil {
		return err
	}
	c.discovery = Discovery{Endpoint: c.moto.Endpoint, ServiceID: c.moto.ServiceID}
	return nil
}

// Add lays out a further member without starting it.
func (c *Cluster) Add(options MemberOptions) *Member {
	if options.Role == "" {
		options.Role = Core
	}
	number := len(c.Members) + 1
	if options.Name == "" {
		options.Name = fmt.Sprintf("%s-%d", options.Role, number)
	}
	dir := filepath.Join(c.options.Dir, options.Name)
	m := &Member{
		Name: options.Name, Role: options.Role, Endpoint: c.network.Endpoint(number), Dir: dir,
		Home: filepath.Join(dir, "home"), Volume: filepath.Join(dir, "volume"), RunDir: filepath.Join(dir, "run"),
		LogPath: filepath.Join(dir, "agent.log"), cluster: c, options: options,
	}
	c.Members = append(c.Members, m)
	return m
}

// Start starts all members that do not run, each after its StartDelay.
func (c *Cluster) Start(ctx context.Context) error {
	return c.each(func(m *Member) error {
		if m.Running() {
			return nil
		}
		if m.options.StartDelay > 0 && !pause(ctx, m.options.StartDelay) {
			return fmt.Errorf("cannot start %s: %v", m.Name, context.Cause(ctx))
		}
		return m.Start()
	})
}

// Stop lets all members leave, as SIGTERM does, and waits until they have: read replicas first, since they look for the
// cores again and again while they stop. An error names those that had to be killed and those that left with another
// exit code than 0.
func (c *Cluster) Stop(ctx context.Context) error {
	replicas := c.each(func(m *Member) error {
		if m.Role != ReadReplica {
			return nil
		}
		return m.leave(ctx)
	})
	return errors.Join(replicas, c.each(func(m *Member) error { return m.leave(ctx) }))
}

// leave stops the member if it runs.
func (m *Member) leave(ctx context.Context) error {
	if !m.Running() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, (stopTimeoutSeconds+10)*time.Second)
	defer cancel()
	if err := m.Signal(syscall.SIGTERM); err != nil && m.Running() {
		return err
	}
	code, err := m.Wait(ctx)
	if err != nil {
		m.Kill()
		return fmt.Errorf("%s had to be killed: %v", m.Name, context.Cause(ctx))
	}
	if code != 0 {
		return fmt.Errorf("%s left with exit code %d", m.Name, code)
	}
	return nil
}

// each does the same for all members at the same time.
func (c *Cluster) each(do func(*Member) error) error {
	failures := make([]error, len(c.Members))
	var group sync.WaitGroup
	for i, member := range c.Members {
		group.Go(func() { failures[i] = do(member) })
	}
	group.Wait()
	return errors.Join(failures...)
}

// Close kills what still runs, stops moto and gives the addresses back. The error names what is left all the same.
func (c *Cluster) Close() error {
	if c.lock == nil { // another cluster has the folder
		return nil
	}
	for _, m := range c.Members {
		m.Kill()
	}
	if c.moto != nil {
		c.moto.Stop()
	}
	if c.guard != nil {
		c.guard.dismiss()
	}
	left, err := c.Leftovers()
	for _, name := range left {
		err = errors.Join(err, fmt.Errorf("still running: %s", name))
	}
	if c.network != nil {
		err = errors.Join(err, c.network.Release())
	}
	return errors.Join(err, c.lock.Close())
}

// ChangeAddresses gives all members new addresses, as when all machines were replaced. None may run.
func (c *Cluster) ChangeAddresses() error {
	for _, m := range c.Members {
		if m.Running() {
			return fmt.Errorf("cannot change the addresses: %s is running", m.Name)
		}
	}
	network, err := Addresses(len(c.Members) + spareEndpoints)
	if err != nil {
		return err
	}
	old := c.network
	c.network = network
	for i, m := range c.Members {
		m.Endpoint = network.Endpoint(i + 1)
	}
	return old.Release()
}

// Leftovers lists the processes that work for this cluster's folder, whoever started them. After Close there are none.
func (c *Cluster) Leftovers() ([]string, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var left []string
	for _, p := range all {
		if p.pid != os.Getpid() && p.belongsTo(c.options.Dir) {
			left = append(left, fmt.Sprintf("%d %.120q", p.pid, p.argv))
		}
	}
	return left, nil
}

// Dump writes the last lines of every member's log, for a failed test.
func (c *Cluster) Dump(w io.Writer) {
	for _, m := range c.Members {
		state := "not running"
		if m.Running() {
			state = fmt.Sprintf("running as %d", m.PID())
		}
		_, _ = fmt.Fprintf(w, "--- %s at %s, %s; %s\n%s\n", m.Name, m.Endpoint.Host, state, m.LogPath, lastLines(m.LogText(), dumpLines))
	}
}

// Package logship sends Neo4j's log files to CloudWatch Logs, or writes them to stdout, so that nothing is lost and
// nothing repeated for ever.
//
// For each log a follower reads the file over its rotations and makes batches of its records, and a sender puts one
// batch after the other. What is not acknowledged is not remembered: the files are the buffer, a checkpoint says how far
// they were sent, and memory does not grow with the time that CloudWatch is away. After a crash, or an answer that did
// not arrive, at most one batch of each log is sent twice; none is lost while Neo4j keeps its rotated files. After the
// machine crashed and the disk lacks the end of a log, about as much again as it lacks is sent twice.
package logship

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/rs/zerolog"
)

// Options say what to send where.
type Options struct {
	Logs           []Log
	Shape          Shape // Raw if empty
	DropParameters bool  // of the query log: parameters never leave
	SlowQueries    bool  // metrics of the query log, each minute, in the embedded metric format
	Member         string
	// Checkpoints is the directory, on the volume, that remembers how far each log was sent; it is made when it is missing.
	// If empty, nothing is remembered: each Run begins with the files' beginnings.
	Checkpoints string
	CloudWatch  *CloudWatch // if nil, the logs go to Stdout
	Stdout      io.Writer
	Log         zerolog.Logger
}

// Log is one log file of Neo4j.
type Log struct {
	Name    string // such as "query", whose entries are parsed; unique
	Path    string // of the active file; neither it nor its directory need be there yet
	Rotated string // what the paths of rotated files match (path.Match) that are elsewhere than beside it; "" for none
	Stream  string // in CloudWatch Logs
}

// queryLog is the Log.Name whose records are entries of the query log.
const queryLog = "query"

// Shipper sends logs.
type Shipper struct {
	options Options
	target  target
	group   *group // the target, nil without CloudWatch
	stats   []*stats
	finish  chan struct{} // closed by Finish
	once    sync.Once
	started chan struct{}
	stop    context.CancelFunc // of Run; set before started is closed
	sent    chan struct{}      // closed when all logs were read to their ends and sent
	ended   chan struct{}
}

// New makes a Shipper that is not running yet.
func New(o Options) *Shipper {
	s := &Shipper{options: o, finish: make(chan struct{}), started: make(chan struct{}), sent: make(chan struct{}), ended: make(chan struct{})}
	if s.target = target(newWriter(o.Stdout)); o.CloudWatch != nil {
		s.group = newGroup(*o.CloudWatch, o.Log)
		s.target = s.group
	}
	for _, l := range o.Logs {
		s.stats = append(s.stats, &stats{seen: Stats{Log: l.Name}})
	}
	return s
}

// Snapshot tells how each log is getting on, in the order of Options.Logs. It reads memory only.
func (s *Shipper) Snapshot() []Stats {
	all := make([]Stats, len(s.stats))
	for i, each := range s.stats {
		all[i] = each.snapshot()
	}
	return all
}

// Run sends until Finish has had everything sent, or until ctx ends; then what is not acknowledged is for the next Run on
// the same checkpoints. It may be called once. No trouble ends it: what is wrong is in the log and in Snapshot.
func (s *Shipper) Run(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	defer s.stop()
	close(s.started)
	defer close(s.ended)
	watching, unwatch := context.WithCancel(ctx)
	wakes := map[string][]chan<- struct{}{}
	var logs, beside sync.WaitGroup
	for i, l := range s.options.Logs {
		wake := make(chan struct{}, 1)
		dir := filepath.Dir(l.Path)
		wakes[dir] = append(wakes[dir], wake)
		s.start(ctx, &logs, l, s.stats[i], wake)
	}
	beside.Go(func() { watch{wakes}.run(watching) })
	if s.group != nil {
		beside.Go(func() { s.group.keep(ctx) })
	}
	logs.Wait()
	if ctx.Err() == nil {
		close(s.sent)
	}
	unwatch()
	if s.group != nil {
		s.group.end()
	}
	beside.Wait()
}

// start starts the follower and the sender of one log.
func (s *Shipper) start(ctx context.Context, running *sync.WaitGroup, l Log, st *stats, wake <-chan struct{}) {
	say := voice{log: s.options.Log.With().Str("file", l.Path).Logger()}
	saved := checkpoint{}
	if s.options.Checkpoints != "" {
		saved.path = filepath.Join(s.options.Checkpoints, l.Name+".json")
	}
	marks, err := saved.load()
	if err != nil {
		say.say(fmt.Errorf("%v: the log is sent from its beginning", err))
	}
	batches, used := make(chan *batch), make(chan *batch, 1)
	follow := &follower{path: l.Path, elsewhere: l.Rotated, ledger: newLedger(marks), build: builder{used: used}, out: batches, stats: st, wake: wake, finish: s.finish, voice: say,
		shaper: shaper{shape: s.options.Shape, query: l.Name == queryLog, dropParameters: s.options.DropParameters, count: &Stats{}}}
	if s.options.SlowQueries && l.Name == queryLog {
		follow.shaper.slow = &slowQueries{member: s.options.Member}
	}
	send := &sender{stream: l.Stream, target: s.target, used: used, checkpoint: saved, stats: st, finish: s.finish, voice: say}
	if s.options.CloudWatch == nil {
		send.stream = l.Name
	}
	follower, leave := context.WithCancel(ctx)
	running.Go(func() { follow.run(follower) })
	running.Go(func() {
		defer leave() // a sender that gave up takes nothing more
		send.run(ctx, batches)
	})
}

// Finish is for when Neo4j has gone: every file is read to its end, the last line too if it has no end, everything sent and
// the checkpoints saved. Run ends with it. When ctx ends first, Run is ended too, and the error says what was not sent; the
// next Run on the same checkpoints sends it.
func (s *Shipper) Finish(ctx context.Context) error {
	s.once.Do(func() { close(s.finish) })
	select {
	case <-s.started:
	default:
		return nil
	}
	select {
	case <-s.ended:
	case <-ctx.Done():
		s.stop()
		<-s.ended
	}
	if !closed(s.sent) {
		return s.unsent()
	}
	for _, st := range s.stats {
		if trouble := st.unfinished(); trouble != "" {
			return fmt.Errorf("cannot finish sending the logs: %s", trouble)
		}
	}
	return nil
}

// unsent is the error for when time was up before the end of all logs.
func (s *Shipper) unsent() error {
	var bytes int64
	what, trouble := "all", ""
	for _, st := range s.Snapshot() {
		bytes += st.BytesBehind
		if st.Trouble != "" {
			trouble = ": " + st.Trouble
		}
	}
	if bytes > 0 { // else the files were not looked at again
		what = fmt.Sprintf("the last %d bytes", bytes)
	}
	return fmt.Errorf("cannot send %s of the logs in time%s", what, trouble)
}

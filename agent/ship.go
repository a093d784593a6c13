package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/logship"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

// preparedAgain is the pace of looking whether prepare is done.
const preparedAgain = time.Second

// What keeps serve within 30 MB at full speed, its program's pages included (issue 6): the collector runs when half as much
// again as is in use has been left over, which costs a tenth more CPU, and works harder beyond the limit. Serve lives on
// 4 MB, and a log's buffers and batches on less than 3 MB, so that the limit is near for entries of a megabyte only.
const (
	collectAt     = 50 // percent
	memoryOfServe = 8 << 20
	memoryPerLog  = 8 << 20
)

// checkpointFolder in the state directory remembers how far each log was sent.
const checkpointFolder = "logs"

// shipLogs sends the logs from the end of prepare on, and after the database has ended to their ends, as far as the time
// for that goes. Its troubles are told, and stay its own.
func (s *server) shipLogs(ctx context.Context) {
	defer close(s.shipped)
	if !shipsLogs(s.settings) {
		return
	}
	prepared, ok := s.awaitPrepared(ctx)
	if !ok {
		return
	}
	options, err := s.shipping(ctx, prepared)
	if err != nil {
		err = fmt.Errorf("cannot send logs: %v", err)
		s.log.Error().Msg(err.Error())
		for _, l := range options.Logs {
			s.isUnsent(l.Name, err.Error())
		}
		return
	}
	debug.SetGCPercent(collectAt)
	debug.SetMemoryLimit(memoryOfServe + int64(len(options.Logs))*memoryPerLog)
	shipper := logship.New(options)
	s.shipper.Store(shipper)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { shipper.Run(ctx) })
	defer running.Wait()
	select {
	case <-ctx.Done():
		return
	case <-s.stopped:
	}
	within, end := context.WithTimeout(ctx, finishTime(s.settings.StopTimeout))
	defer end()
	context.AfterFunc(within, cancel) // Finish does not wait for a Run that is only about to begin
	if err := shipper.Finish(within); err != nil {
		s.log.Error().Msg(err.Error())
	}
	running.Wait() // before within ends, which would cut short a Run that has only begun
}

// finishTime leaves a fifth of what PID 1 gives serve for the rest of its end.
func finishTime(stop time.Duration) time.Duration { return supervisor.FlushTime(stop) * 4 / 5 }

// shipsLogs tells whether there are logs to send and somewhere to send them to.
func shipsLogs(s *settings.Settings) bool {
	return len(s.ShipLogs) > 0 && (s.LogTarget == "stdout" || s.LogGroup != "")
}

// awaitPrepared waits for prepare to be done. It is not when the container ends before.
func (s *server) awaitPrepared(ctx context.Context) (runstate.Prepared, bool) {
	for {
		if prepared := s.prepared(); prepared.Done {
			return prepared, true
		}
		select {
		case <-ctx.Done():
			return runstate.Prepared{}, false
		case <-s.stopped:
			prepared := s.prepared()
			return prepared, prepared.Done
		case <-time.After(preparedAgain):
		}
	}
}

// shipping is what to send where.
func (s *server) shipping(ctx context.Context, prepared runstate.Prepared) (logship.Options, error) {
	options := logship.Options{
		Shape: logship.Shape(s.settings.LogShape), DropParameters: !s.settings.KeepParameters,
		SlowQueries: s.settings.LogMetrics, Member: prepared.MemberID,
		Checkpoints: filepath.Join(prepared.StateDir, checkpointFolder), Stdout: os.Stdout, Log: s.log,
	}
	for _, name := range s.settings.ShipLogs {
		path := prepared.Logs[name]
		if path == "" {
			why := notThere(prepared.UnwrittenLogs[name])
			s.isUnsent(name, why)
			s.log.Warn().Str("log", name).Msg(why + "; it is not sent")
			continue
		}
		stream := cmp.Or(s.settings.LogStream, prepared.MemberID)
		if s.settings.LogStream == "" || len(s.settings.ShipLogs) > 1 {
			stream += "/" + name
		}
		options.Logs = append(options.Logs, logship.Log{Name: name, Path: path, Rotated: prepared.RotatedLogs[name], Stream: stream})
	}
	if s.settings.LogTarget == "stdout" {
		return options, nil
	}
	loaded, err := awsConfig(ctx, s.settings)
	if err != nil {
		return options, err
	}
	client := cloudwatchlogs.NewFromConfig(loaded)
	options.CloudWatch = &logship.CloudWatch{
		Put: client, Create: client, Group: s.settings.LogGroup, RetentionDays: s.settings.LogRetention,
	}
	return options, nil
}

// notThere is why a log has no file; setting is what would have it written, if anything.
func notThere(setting string) string {
	if setting == "" {
		return "this Neo4j has no such log"
	}
	return "this Neo4j writes no such log without " + setting
}

// isUnsent has the status tell why a log is not sent. Only shipLogs calls it.
func (s *server) isUnsent(log, trouble string) {
	var all []health.LogShipping
	if before := s.unsent.Load(); before != nil {
		all = slices.Clone(*before)
	}
	all = append(all, health.LogShipping{Log: log, Trouble: trouble})
	s.unsent.Store(&all)
}

// logShipping is how sending each log goes.
func (s *server) logShipping() []health.LogShipping {
	var all []health.LogShipping
	if shipper := s.shipper.Load(); shipper != nil {
		for _, stats := range shipper.Snapshot() {
			all = append(all, health.LogShipping(stats))
		}
	}
	if unsent := s.unsent.Load(); unsent != nil {
		all = append(all, *unsent...)
	}
	return all
}

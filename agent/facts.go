package main

import (
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

// newMonitor wires the health monitor to the state files, the database and PID 1.
func (s *server) newMonitor() *health.Monitor {
	s.prober = health.NewProber(s.credentials)
	return health.NewMonitor(health.Config{
		Facts:        s.facts,
		Prober:       s.prober,
		Bounds:       health.Bounds{Bind: s.settings.BindTimeout, Join: s.settings.JoinTimeout, Restore: restoreStill, Failed: failedFor},
		Resumed:      s.resume(),
		Logs:         s.logShipping,
		Backups:      s.backups.Load,
		Init:         s.initScripts,
		Unfinished:   s.unfinished.Load,
		Users:        s.usersNow,
		Secrets:      s.stale.now,
		Certificates: s.certificates,
		OnStatus:     s.remember,
		OnGiveUp:     s.giveUp,
		Log:          s.log,
	})
}

// facts are what PID 1 and prepare last wrote. A file that cannot be read counts as not written yet.
func (s *server) facts() health.Facts {
	var supervisor runstate.Supervisor
	_ = runstate.Read(s.settings.RunDir, runstate.SupervisorFile, &supervisor)
	prepared := s.prepared()
	facts := health.Facts{
		AgentVersion:   version,
		ContainerStart: s.container,
		Supervisor: health.Supervisor{
			Phase: supervisor.Phase, Since: supervisor.Since, Reason: supervisor.Reason,
			Restarts: max(0, supervisor.Database.Starts-1), RestartsLeft: supervisor.RestartsLeft,
			DatabasePID: supervisor.Database.PID, DatabaseSince: supervisor.Database.StartedAt,
			FailedWrites: supervisor.FailedWrites,
		},
		Prepared: prepared.Done, Step: prepared.Step, StepSince: prepared.Since,
	}
	if r := prepared.Restore; r != nil {
		facts.Restore = &health.Restore{Snapshot: r.Snapshot, Step: r.Step, Bytes: r.Done, Of: r.Total, Rate: int64(r.Rate),
			Left: int64(r.Left.Seconds()), Moved: r.Moved}
	}
	if prepared.Done {
		if !s.seeded.Load() {
			facts.Seeding = prepared.Seeding
		}
		facts.Member = memberFacts(prepared)
		facts.Dialect = health.Dialect{
			StatusPath: prepared.Ask.StatusPath, WritablePath: prepared.Ask.WritablePath,
			ReplicaAvailable: prepared.Ask.AvailablePath, OverviewQuery: prepared.Ask.OverviewQuery,
			DefaultDatabase: prepared.Ask.DefaultDatabase, DatabaseSelectable: prepared.Ask.DatabaseSelectable,
		}
	}
	return facts
}

// prepared is what prepare last said: in its file, else in the memory file that PID 1 shares with us.
func (s *server) prepared() runstate.Prepared {
	var prepared runstate.Prepared
	if runstate.Read(s.settings.RunDir, runstate.PreparedFile, &prepared) != nil && s.result != nil {
		if said, err := readLaunch(s.result); err == nil {
			return said.Prepared
		}
	}
	return prepared
}

func memberFacts(p runstate.Prepared) health.Member {
	return health.Member{
		ID: p.MemberID, Cluster: p.ClusterName, Version: p.Neo4jVersion, Edition: p.Edition, Role: p.Role,
		Address: p.Address, Listen: p.Listen,
		Ports: health.Ports{
			Bolt: p.Ports.Bolt, HTTP: p.Ports.HTTP, Discovery: p.Ports.Discovery,
			Transaction: p.Ports.Transaction, Raft: p.Ports.Raft,
		},
		LocalBolt: p.Local.Bolt, LocalHTTP: p.Local.HTTP, LocalHTTPS: p.Local.HTTPS,
		BoltPin: boltPin(p), HTTPSPin: pinOf(p, neo4jconf.OverHTTPS),
		Members: p.Members, FormationSize: p.FormationSize, AuthEnabled: p.AuthEnabled, FormedBefore: p.FormedBefore,
		DataDir: p.DataDir, DebugLog: p.Logs["debug"],
	}
}

// resume is what an earlier serve of this container knew.
func (s *server) resume() health.Status {
	var served runstate.Served
	if runstate.Read(s.settings.RunDir, runstate.ServedFile, &served) != nil || !served.Container.Equal(s.container) {
		return health.Status{}
	}
	return health.Status{
		Phase: health.Phase(served.Phase), Since: served.Since, Reason: served.Reason, EverReady: served.EverReady,
	}
}

// remember keeps what the next serve of this container must know, and on the volume that the member was in a cluster.
func (s *server) remember(status health.Status) {
	served := runstate.Served{
		Container: s.container, EverReady: status.EverReady,
		Phase: string(status.Phase), Since: status.Since, Reason: status.Reason,
	}
	if err := runstate.Write(s.settings.RunDir, runstate.ServedFile, served); err != nil {
		s.log.Debug().Msg(err.Error())
	}
	if status.Phase == health.Ready && status.Formation.Leader != "" {
		if err := volume(layoutOf(s.settings).state).noteFormed(status.Cluster); err != nil {
			s.log.Warn().Msg(err.Error())
		}
	}
}

// giveUp asks PID 1 to end this container, so that the platform replaces it.
func (s *server) giveUp(reason string) {
	s.log.Error().Str("reason", reason).Msg("giving up")
	if s.talk == nil {
		return
	}
	if err := s.talk.Say(runstate.GiveUp, reason); err != nil {
		s.log.Error().Msg(err.Error())
	}
}

// credentials are the administrator's, for the probes. Empty ones mean that none are known.
func (s *server) credentials() (user, password string) {
	return "neo4j", s.fresh.Load().AdminPassword.Reveal()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"neo4j-agent/agent/restore"
	"neo4j-agent/neo4jconf"
)

// fakeSystem is the system database of an Enterprise cluster of 5, of which none can be had here, as the manual tells of
// it ("Listing databases", "Create a database from a URI", "Error handling"): statements return at once, a new database is
// initial until it is online or cannot be, and it has an id only while it is online.
type fakeSystem struct {
	t         *testing.T
	leader    string // its address
	databases map[string]*fakeDatabase
	seeds     map[string]int // URI to the nodes of its backup
	done      []string
	made      int
	broken    bool // no statement is taken
}

type fakeDatabase struct {
	id, uri        string
	nodes          int
	status, reason string
	created        time.Time
}

const neo4jBackup = "s3://b/neo4j.backup"

func newFakeSystem(t *testing.T, nodes int) *fakeSystem {
	return &fakeSystem{t: t, leader: "a:7687", seeds: map[string]int{neo4jBackup: 7},
		databases: map[string]*fakeDatabase{
			"system": {id: "0", status: "online", created: time.Now()},
			"neo4j":  {id: "first", status: "online", nodes: nodes, created: time.Now()},
		}}
}

func (f *fakeSystem) LeaderRows(_ context.Context, database, query string, _ map[string]any) (rows []map[string]any, _ error) {
	if query != "SHOW DATABASES YIELD *" {
		d := f.databases[database]
		if d == nil || d.status != "online" || query != "MATCH (n) RETURN n LIMIT 1" {
			return nil, fmt.Errorf("database %s does not answer %s", database, query)
		}
		return make([]map[string]any, min(d.nodes, 1)), nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.databases)) {
		d := f.databases[name]
		for _, address := range []string{"a:7687", "b:7687"} {
			row := map[string]any{"name": name, "address": address, "writer": address == f.leader, "currentStatus": d.status, "statusMessage": d.reason, "databaseID": nil, "creationTime": d.created, "default": name == "neo4j"}
			if d.status == "online" {
				row["databaseID"] = d.id
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (f *fakeSystem) Do(_ context.Context, database, statement string, parameters map[string]any) error {
	name := parameters["database"].(string)
	switch {
	case database != systemDatabase:
		f.t.Errorf("%s in database %q", statement, database)
	case f.broken:
		return errors.New("the server is gone")
	case statement == "DROP DATABASE $database" && f.databases[name] != nil:
		delete(f.databases, name)
	case statement == "CREATE DATABASE $database OPTIONS {existingData: 'use', seedURI: $seed}" && f.databases[name] == nil:
		f.made++
		f.databases[name] = &fakeDatabase{id: fmt.Sprintf("made %d", f.made), uri: parameters["seed"].(string), status: "initial", created: time.Now()}
	default:
		return fmt.Errorf("cannot run %s for %s", statement, name)
	}
	verb, _, _ := strings.Cut(statement, " ")
	f.done = append(f.done, verb+" "+name)
	return nil
}

// passes is time enough for what was begun.
func (f *fakeSystem) passes() {
	for _, d := range f.databases {
		if nodes, known := f.seeds[d.uri]; d.status == "initial" && known {
			d.status, d.nodes = "online", nodes
		} else if d.status == "initial" {
			d.status, d.reason = "dirty", "cannot download "+d.uri
		}
	}
}

// member is one that has a restore to finish; what it notes it knows in its next life too.
func (f *fakeSystem) member(address string) *finishing {
	v, _ := neo4jconf.ParseVersion("5.26.30")
	dialect, err := neo4jconf.For(v, neo4jconf.Enterprise)
	if err != nil {
		f.t.Fatal(err)
	}
	before := map[string]string{}
	return &finishing{server: f, dialect: dialect, own: address, patience: patience{},
		half: restore.Half{Databases: []string{"neo4j"}, Seeds: map[string]string{"neo4j": neo4jBackup}, Before: before, Marker: "/m/x.done"},
		note: func(database, id string) error { before[database] = id; return nil }}
}

// tries is one look.
func (f *fakeSystem) tries(member *finishing) error {
	there, err := member.databases(f.t.Context())
	if err == nil {
		err = member.run(f.t.Context(), there)
	}
	return err
}

// waits wants the restore to be unfinished, for a reason that says so.
func (f *fakeSystem) waits(member *finishing, says string) {
	f.t.Helper()
	if err := f.tries(member); err == nil || !strings.Contains(err.Error(), says) {
		f.t.Errorf("%v, want %q", err, says)
	}
}

func (f *fakeSystem) finishes(member *finishing) {
	f.t.Helper()
	if err := f.tries(member); err != nil {
		f.t.Error(err)
	}
}

func (f *fakeSystem) did(want ...string) {
	f.t.Helper()
	if !slices.Equal(f.done, want) {
		f.t.Errorf("done: %q, want %q", f.done, want)
	}
}

// seeding plays with the system database of a new cluster whose default database has so many nodes.
func seeding(t *testing.T, nodes int, play func(f *fakeSystem, leader, follower *finishing)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSystem(t, nodes)
		play(f, f.member("a:7687"), f.member("b:7687"))
	})
}

func TestANewClusterIsSeededByItsLeaderAndDoneWhenTheDatabaseIsOnline(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, follower *finishing) {
		f.waits(leader, "is empty and will be made anew")
		f.waits(follower, "the member that leads the system database sees to it")
		<-time.After(settle)
		f.waits(follower, "the member that leads the system database sees to it")
		f.waits(leader, "is being seeded from s3://b/neo4j.backup")
		f.waits(leader, "database neo4j is initial; it is seeded from s3://b/neo4j.backup")
		f.waits(follower, "database neo4j is initial")
		f.passes()
		f.finishes(leader)
		f.finishes(follower)
		f.did("DROP neo4j", "CREATE neo4j")
	})
}

func TestADatabaseThatIsNotThereIsSeeded(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, follower *finishing) {
		delete(f.databases, "neo4j")
		f.waits(follower, "is not there yet")
		f.waits(leader, "is being seeded")
		f.passes()
		f.finishes(leader)
		f.finishes(follower)
		f.did("CREATE neo4j")
	})
}

func TestABackupThatHoldsNothingIsSeededOnce(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, follower *finishing) {
		f.seeds[neo4jBackup] = 0
		f.waits(leader, "will be made anew")
		f.waits(follower, "will be made anew")
		<-time.After(settle)
		f.waits(leader, "is being seeded")
		f.passes()
		f.finishes(leader)
		f.finishes(follower)
		f.did("DROP neo4j", "CREATE neo4j")
	})
}

func TestWhatSomebodyWroteIntoTheNewClusterIsNeitherDroppedNorTakenForTheBackup(t *testing.T) {
	const says = "which cannot be told to come from s3://b/neo4j.backup: it is left as it is"
	seeding(t, 1, func(f *fakeSystem, leader, _ *finishing) {
		f.waits(leader, says)
		f.leader = "b:7687" // whoever leads now
		f.waits(leader, says)
		f.did()
	})
	seeding(t, 0, func(f *fakeSystem, leader, follower *finishing) {
		f.waits(leader, "will be made anew")
		f.waits(follower, "will be made anew")
		f.databases["neo4j"].nodes = 1
		<-time.After(leaderless)
		f.waits(leader, says)
		f.waits(follower, says)
		f.did()
	})
}

func TestADatabaseThatWasDroppedAndNotCreatedIsCreatedByWhoeverIsThere(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, _, follower *finishing) {
		f.waits(follower, "will be made anew")
		delete(f.databases, "neo4j") // and then the leader was killed
		f.waits(follower, "is not there yet")
		<-time.After(settle)
		f.waits(follower, "is being seeded")
		f.passes()
		f.finishes(follower)
		f.did("CREATE neo4j")
	})
}

func TestALeaderThatKnowsOfNoSeedIsNotWaitedForForEver(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, _, follower *finishing) {
		f.waits(follower, "will be made anew")
		<-time.After(leaderless)
		f.waits(follower, "is being seeded")
		f.did("DROP neo4j", "CREATE neo4j")
	})
}

func TestASeedThatFailsSaysWhyAndIsTriedAgainOnceItIsDropped(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, _ *finishing) {
		f.seeds = nil
		f.waits(leader, "will be made anew")
		<-time.After(settle)
		f.waits(leader, "is being seeded")
		f.passes()
		f.waits(leader, "database neo4j is dirty: cannot download s3://b/neo4j.backup; it is seeded from s3://b/neo4j.backup, and again once it has been dropped")
		delete(f.databases, "neo4j")
		f.seeds = map[string]int{neo4jBackup: 7}
		f.broken = true
		f.waits(leader, "cannot seed database neo4j from s3://b/neo4j.backup: the server is gone")
		f.broken = false
		f.waits(leader, "is being seeded")
		f.passes()
		f.finishes(leader)
		f.did("DROP neo4j", "CREATE neo4j", "CREATE neo4j")
	})
}

func TestAMemberThatComesLateTakesTheOthersWordForIt(t *testing.T) {
	seeding(t, 7, func(f *fakeSystem, _, follower *finishing) {
		f.finishes(follower)
		f.did()
	})
}

func TestAMemberThatComesLateAndLeadsTakesTheOthersWordForIt(t *testing.T) {
	for name, nodes := range map[string]int{"of a backup": 7, "of a backup that holds nothing": 0} {
		t.Run(name, func(t *testing.T) {
			seeding(t, 0, func(f *fakeSystem, leader, _ *finishing) {
				f.seeds = map[string]int{neo4jBackup: nodes, "s3://b/movies.backup": 3}
				more := func(member *finishing) *finishing {
					member.half.Databases = []string{"movies", "neo4j"}
					member.half.Seeds["movies"] = "s3://b/movies.backup"
					return member
				}
				f.waits(more(leader), "database movies is being seeded")
				<-time.After(settle)
				f.waits(leader, "database neo4j is being seeded")
				f.passes()
				f.finishes(leader)
				f.leader = "b:7687"
				late := more(f.member("b:7687"))
				f.finishes(late)
				<-time.After(leaderless)
				f.finishes(late)
				f.did("CREATE movies", "DROP neo4j", "CREATE neo4j")
			})
		})
	}
}

// The one that was not there is sown late: that says nothing of the other one.
func TestAMemberThatLooksWhileTheClusterIsBeingSeededWaitsForTheRest(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, follower *finishing) {
		f.seeds["s3://b/movies.backup"] = 3
		for _, member := range []*finishing{leader, follower} {
			member.half.Databases = []string{"movies", "neo4j"}
			member.half.Seeds["movies"] = "s3://b/movies.backup"
		}
		<-time.After(settle)
		f.databases["neo4j"].status = "starting"
		f.waits(leader, "database movies is being seeded")
		f.databases["neo4j"].status = "online"
		f.passes()
		f.waits(follower, "database neo4j is empty and will be made anew")
		f.waits(leader, "database neo4j is empty and will be made anew")
		<-time.After(settle)
		f.waits(leader, "database neo4j is being seeded")
		f.passes()
		f.finishes(follower)
		f.finishes(leader)
		f.did("CREATE movies", "DROP neo4j", "CREATE neo4j")
	})
}

func TestOneDatabaseThatCannotBeSeededKeepsNoOtherFromIt(t *testing.T) {
	seeding(t, 0, func(f *fakeSystem, leader, _ *finishing) {
		delete(f.databases, "neo4j")
		leader.half.Databases = []string{"movies", "neo4j"}
		leader.half.Seeds["movies"] = "s3://b/gone.backup"
		f.waits(leader, "database movies is being seeded from s3://b/gone.backup; database neo4j is being seeded")
		f.passes()
		f.waits(leader, "database movies is dirty: cannot download s3://b/gone.backup")
		f.did("CREATE movies", "CREATE neo4j")
	})
}

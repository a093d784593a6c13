package restore

import (
	"time"

	"neo4j-agent/agent/snapshot"
)

// seed leaves a snapshot to the servers of a cluster: the marker names what they are to fetch.
func (r *run) seed(known markers) (Result, error) {
	seeds, err := r.seeds()
	if err != nil {
		return Result{}, err
	}
	for database := range seeds {
		r.staged = append(r.staged, Staged{Database: database})
	}
	if err := r.abandon(known); err != nil {
		return Result{}, err
	}
	record := marker{
		Name: r.source.name, Source: r.source.String(), Checksum: r.source.checksum, Databases: r.databases(),
		Spec: r.Snapshot, Time: time.Now().UTC(), Agent: r.Agent, State: stateFiles, Seeds: seeds,
	}
	if err := writeRecord(r.disk, r.Markers, record, doneSuffix); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Restored, Name: r.source.name, Databases: r.databases()}, nil
}

// seeds are the databases and where they are fetched. A server takes one file for each: a full backup or a dump (manual 5,
// "Create a database from a URI"). The database system is not made that way.
func (r *run) seeds() (map[string]string, error) {
	seeds := map[string]string{}
	if _, here := r.source.objects.(folder); here {
		return nil, refused("seed the cluster from %s: its servers fetch from S3, not from this machine", r.source)
	}
	if r.source.manifest == nil {
		switch formatOf(r.source.key) {
		case artifactFormat:
			seeds[r.databaseOf(r.source.name)] = r.source.String()
		case dumpFormat:
			seeds[r.DefaultDatabase] = r.source.String()
		default:
			return nil, refused("seed the cluster from %s: its servers take a .backup or a .dump", r.source)
		}
		return seeds, nil
	}
	for _, object := range r.source.manifest.Objects {
		switch {
		case object.Database == systemDatabase:
			continue
		case object.Form == snapshot.Store:
			return nil, refused("seed the cluster from %s: it was taken with Neo4j %s, whose backups the servers do not fetch", r.source, r.source.manifest.Neo4j)
		case seeds[object.Database] != "":
			return nil, refused("seed the cluster from %s: the backup of %s is a chain of several files, and the servers take a full one only; "+
				"take one with `neo4j-agent backup --full`", r.source, object.Database)
		}
		seeds[object.Database] = r.source.String() + object.Name
	}
	if len(seeds) == 0 {
		return nil, refused("seed the cluster from %s: it holds no database but system", r.source)
	}
	return seeds, nil
}

// systemDatabase holds users and the list of databases, from 4.0 on (manual, "The system database").
const systemDatabase = "system"

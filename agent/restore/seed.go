package restore

import (
	"cmp"
	"slices"
	"time"

	"neo4j-agent/agent/snapshot"
)

// seed leaves a snapshot to the servers of a cluster: the marker names what they are to fetch.
func (r *run) seed(known markers) (Result, error) {
	seeds, err := r.seeds()
	if err != nil {
		return Result{}, err
	}
	file, err := firstFile(r.Store(nil))
	if err == nil && file != "" && len(known.done) > 0 && !r.Overwrite && !r.Now {
		r.Log.Info().Str("snapshot", r.source.name).Msg("this cluster has data: a cluster is seeded when it is new, and a newer snapshot is left alone")
		return Result{Outcome: Already, Name: r.source.name}, nil
	}
	if err != nil || file != "" && len(known.unfinished) == 0 {
		return Result{}, cmp.Or(err, refused("seed the cluster from %s: there is a store already (%s), and a cluster is seeded when it is new; to replace a database, use CREATE OR REPLACE DATABASE with a seed in the running cluster", r.source, file))
	}
	r.staged = seeds
	if r.Accept != nil {
		if err := r.Accept(slices.Clone(r.staged)); err != nil {
			return Result{}, err
		}
	}
	if err := r.abandon(known); err != nil {
		return Result{}, err
	}
	uris := map[string]string{}
	for _, seed := range seeds {
		uris[seed.Database] = seed.Path
	}
	record := marker{
		Name: r.source.name, Source: r.source.String(), Checksum: r.source.checksum, Databases: r.databases(),
		Spec: r.Snapshot, Time: time.Now().UTC(), Agent: r.Agent, State: stateFiles, Seeds: uris,
	}
	if err := writeRecord(r.disk, r.Markers, record, doneSuffix); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Restored, Name: r.source.name, Databases: r.databases()}, nil
}

// seeds are the databases, each with the URI where it is fetched. A server takes one file for each: a full backup or a dump
// (manual 5, "Create a database from a URI"). The database system is not made that way.
func (r *run) seeds() (seeds []Staged, err error) {
	if _, here := r.source.objects.(folder); here {
		return nil, refused("seed the cluster from %s: its servers fetch from S3, not from this machine", r.source)
	}
	if r.source.manifest == nil {
		switch formatOf(r.source.key) {
		case artifactFormat:
			return []Staged{{Database: r.named(r.databaseOf(r.source.name)), Form: snapshot.Artifact, Path: r.source.String()}}, nil
		case dumpFormat:
			return []Staged{{Database: r.named(r.DefaultDatabase), Form: snapshot.Dump, Path: r.source.String()}}, nil
		}
		return nil, refused("seed the cluster from %s: its servers take a .backup or a .dump", r.source)
	}
	for _, object := range r.source.manifest.Objects {
		switch {
		case object.Database == systemDatabase:
			continue
		case object.Form == snapshot.Store:
			return nil, refused("seed the cluster from %s: it was taken with Neo4j %s, whose backups the servers do not fetch", r.source, r.source.manifest.Neo4j)
		case slices.ContainsFunc(seeds, func(s Staged) bool { return s.Database == object.Database }):
			return nil, refused("seed the cluster from %s: the backup of %s is a chain of several files, and the servers take a full one only; "+
				"take one with `neo4j-agent backup --full`", r.source, object.Database)
		}
		seeds = append(seeds, Staged{Database: object.Database, Form: object.Form, Path: r.source.String() + object.Name, Neo4j: r.source.manifest.Neo4j})
	}
	if len(seeds) == 0 {
		return nil, refused("seed the cluster from %s: it holds no database but system", r.source)
	}
	return seeds, nil
}

// systemDatabase holds users and the list of databases, from 4.0 on (manual, "The system database").
const systemDatabase = "system"

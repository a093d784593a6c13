package neo4jconf

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Stores returns the folders that hold the stores and transaction logs of these databases, and for none those that can
// hold any.
func (c Config) Stores(databases []string) []string {
	parents := []string{path.Join(c.DataDir(), "databases")}
	if c.dialect.name(transactionLogsDir) != "" {
		parents = append(parents, resolve(c.home, c.get(transactionLogsDir), path.Join(c.DataDir(), "transactions")))
	}
	found := parents
	if len(databases) > 0 {
		found = nil
	}
	for _, name := range databases {
		for _, parent := range parents {
			found = append(found, path.Join(parent, name))
		}
	}
	if logs := c.get(databaseLogsDir); logs != "" {
		found = append(found, resolve(c.home, logs, ""))
	}
	return found
}

// Store returns the folder of one database's store.
func (c Config) Store(database string) string { return path.Join(c.DataDir(), "databases", database) }

// SeparateLogs tells whether the transaction logs of the one database of 3.5 lie elsewhere than its store.
func (c Config) SeparateLogs() bool { return c.get(databaseLogsDir) != "" }

// ClusterState returns the folder of what a member knows of its cluster. Neo4jconf.Unbind empties it.
func (c Config) ClusterState() string {
	return resolve(c.home, c.get(clusterStateDir), path.Join(c.DataDir(), "cluster-state"))
}

// ForAdmin returns a neo4j.conf with what neo4j-admin needs to know of a server that does not run: where things are, and
// what a new store looks like. The rest may name what the tool cannot have, such as members that are not known yet.
func (c Config) ForAdmin() []byte {
	c.settings = slices.DeleteFunc(slices.Clone(c.settings), func(s Setting) bool {
		return !strings.Contains(s.Name, ".directories.") && s.Name != c.dialect.name(activeDatabase) && !slices.Contains(formats, s.Name)
	})
	c.base = nil
	return c.Bytes()
}

// Elsewhere returns the configuration with all stores and transaction logs, and what a restore leaves beside them, below
// root: for the tool to build what is moved into place afterwards. Stores of both name the same parts in the same order.
func (c Config) Elsewhere(root string) Config {
	places := map[string]string{c.dialect.name(dataDir): root, c.dialect.name(transactionLogsDir): path.Join(root, "transactions")}
	if c.SeparateLogs() {
		places[c.dialect.name(databaseLogsDir)] = path.Join(root, "logs")
	}
	delete(places, "") // what this version has no name for
	c.settings = slices.DeleteFunc(slices.Clone(c.settings), func(s Setting) bool {
		_, moves := places[s.Name]
		belowData := s.Name == c.dialect.name(clusterStateDir) || strings.HasSuffix(s.Name, ".directories.script.root") // by default
		return moves || belowData
	})
	for name, folder := range places {
		c.settings = append(c.settings, Setting{Name: name, Value: folder, Source: Mandatory, raw: escape(folder)})
	}
	slices.SortStableFunc(c.settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// formats are what a new store's format is called (manual, "Store formats").
var formats = []string{"dbms.record_format", "db.format"}

// Generations differ in what they have.
var (
	// manyDatabases is empty where a server has one database, whatever it is called.
	manyDatabases = fact{head{v35, v40}, cells{"", "yes"}}
	// metadataScript is what a restore leaves of a database's users and roles (manual 4.2 and later, "Restore a database
	// backup", below the data directory).
	metadataScript = fact{head{v35, v42, v44, v50}, cells{"", "scripts/{database}/restore_metadata.cypher",
		"databases/{database}/tools/metadata_script.cypher", "scripts/{database}/restore_metadata.cypher"}}
	// folderBackups is empty where a backup is a file, an artifact.
	folderBackups = fact{head{v35, v50}, cells{"yes", ""}}
)

// OneDatabase tells whether the server has one database for users: 3.5, and Community of all versions.
func (d Dialect) OneDatabase() bool { return d.fact(manyDatabases) == "" || d.Edition == Community }

// DatabaseName is the name of a database as the server writes it: since 4.0 without capitals (manual 4.x and 5, "Database
// names").
func (d Dialect) DatabaseName(name string) string {
	if d.fact(manyDatabases) == "" {
		return name
	}
	return strings.ToLower(name)
}

// KeepsUsersInSystem tells whether users, roles and the list of databases are in the database system, which a backup may
// hold and all members of a cluster have. Before 4.0 they are files of each member, which no backup holds.
func (d Dialect) KeepsUsersInSystem() bool { return d.fact(manyDatabases) != "" }

// FolderBackups tells whether neo4j-admin backup writes a store's folder, as before 5, and not an artifact.
func (d Dialect) FolderBackups() bool { return d.fact(folderBackups) != "" }

// SeedsClusters tells whether a new cluster takes a backup while it runs (CREATE DATABASE … seedURI), as since 5, and not
// from the files of each stopped member.
func (d Dialect) SeedsClusters() bool { return d.strict() }

// MetadataScript returns where a restore of a database leaves the statements that make its users and roles anew, "" for
// a version that has none.
func (c Config) MetadataScript(database string) string {
	file := c.dialect.fact(metadataScript)
	if file == "" {
		return ""
	}
	return path.Join(c.DataDir(), strings.ReplaceAll(file, "{database}", database))
}

// Form is what a database of a snapshot is stored as.
type Form string

// The forms: the folder that neo4j-admin backup of 3.5 and 4.x writes, a dump, and the artifact of a backup since 5.
const (
	StoreFolder Form = "store"
	DumpFile    Form = "dump"
	Artifact    Form = "artifact"
)

// Placed is one database of a snapshot that is to become one of the stopped server.
type Placed struct {
	Form     Form
	Database string
	Path     string // of the folder or file; older artifacts of a chain lie beside it
	Until    string // see Restore
	Scratch  string // see Restore
}

// Place returns the job that does it, over what is there. It fails where this version or edition cannot read the form.
func (d Dialect) Place(p Placed) (Job, error) {
	switch {
	case p.Form == DumpFile && p.Until != "":
		return nil, fmt.Errorf("cannot restore a dump to a point in time: it holds one state only")
	case p.Form == DumpFile:
		return Load{Database: p.Database, Dir: path.Dir(p.Path), Replace: true}, nil
	case (p.Form == StoreFolder) != d.FolderBackups():
		return nil, fmt.Errorf("cannot restore a %s with Neo4j %v: its own backups are in another form; restore it with the version it was taken with, and dump it there",
			p.Form, d.Version)
	case d.Edition == Community && p.Form == Artifact: // since 5.20 (manual 5, "Restore a database dump")
		return Load{Database: p.Database, Dir: path.Dir(p.Path), Replace: true}, nil
	}
	return Restore{Database: p.Database, From: p.Path, Replace: true, Until: p.Until, Scratch: p.Scratch}, nil
}

// MovesStores tells whether a restore is no more than moving a store's folder into its place, which takes no Java: in 3.5,
// whose tool copies the files and does nothing else (its RestoreDatabaseCommand), unless the logs lie elsewhere.
func (c Config) MovesStores() bool { return c.dialect.fact(manyDatabases) == "" && !c.SeparateLogs() }

// Older fails where a backup was taken with a version that this one is older than: its store would not be opened.
func (d Dialect) Older(taken string) error {
	version, err := ParseVersion(taken)
	if err != nil || d.Version.since(column{version.Major, version.Minor}) {
		return nil // what cannot be read is for Neo4j to judge
	}
	return fmt.Errorf("cannot restore a backup of Neo4j %s with Neo4j %v, which is older", taken, d.Version)
}

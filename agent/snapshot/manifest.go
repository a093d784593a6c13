// Package snapshot is the format of a backup in S3: its manifest, where it lies, and which ones are there. The backup
// writes it, the restore and the list read it.
package snapshot

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FormatVersion is the version of the manifest's format. A reader refuses a newer one; fields may be added within one.
const FormatVersion = 1

// Names of the manifest in a backup's folder. NotVerified becomes Verified when the backup has passed its check: a
// folder without Verified is not a backup for any reader (contract.md, Files). A backup that lacks databases becomes
// Partial instead, as readers that look for the newest see names only; it is for who names its key.
const (
	Verified    = "manifest.json"
	NotVerified = "manifest.not-verified.json"
	Partial     = "manifest.partial.json"
)

// LongestManifest bounds what a reader takes into memory, in bytes: some thousand databases.
const LongestManifest = 1 << 20

// Form is what an object holds.
type Form string

// The forms. A store is a tar of one database's folder, as neo4j-admin backup wrote it (3.5 and 4.x), compressed with
// zstd; a dump is neo4j-admin's archive of any generation; an artifact is a .backup file of 5 and later.
const (
	Store    Form = "store"
	Dump     Form = "dump"
	Artifact Form = "artifact"
)

// FrameSize is how many bytes of a store's tar each zstd frame holds, the last one fewer. Frames stand alone (RFC 8878,
// 3.1), so that several are compressed and decompressed at once, and any zstd reads them as one stream.
const FrameSize = 512 << 10

// Manifest says what a backup holds and how it was checked.
type Manifest struct {
	Format  int       `json:"format"`
	Cluster string    `json:"cluster"`
	Kind    Kind      `json:"kind"`
	Time    time.Time `json:"time"`            // when the backup was begun
	Neo4j   string    `json:"neo4j"`           // version of the server it was taken from
	Type    string    `json:"type,omitempty"`  // full or differential
	Why     string    `json:"why,omitempty"`   // why it is of that type
	Agent   string    `json:"agent,omitempty"` // version of the agent that took it
	// Partial says that the server has databases that are not in here: Missing, as far as they are known.
	Partial bool     `json:"partial,omitempty"`
	Missing []string `json:"missing,omitempty"`
	// Stopped are databases that are not in here since somebody had stopped them.
	Stopped []string `json:"stopped,omitempty"`
	Objects []Object `json:"objects"`
	// Verification is missing until the check has passed.
	Verification *Verification `json:"verified,omitempty"`
}

// Object is one data object of a backup, in the folder of its manifest.
type Object struct {
	Database string `json:"database"`
	Name     string `json:"name"` // within the folder
	Form     Form   `json:"form"`
	Size     int64  `json:"size"`   // bytes of the object
	SHA256   string `json:"sha256"` // of the object, in hex
	// Content is how many bytes its files have when unpacked, Files how many there are; only of a store.
	Content int64 `json:"content,omitempty"`
	Files   int   `json:"files,omitempty"`
}

// Verification says how a backup was checked, and when.
type Verification struct {
	How  string    `json:"how"`
	Time time.Time `json:"time"`
}

// Final is what the manifest is called when the backup has passed its check.
func (m Manifest) Final() string {
	if m.Partial {
		return Partial
	}
	return Verified
}

// Encode writes the manifest for people and programs.
func (m Manifest) Encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("cannot write a manifest: %v", err)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// Parse reads a manifest and refuses one that names anything outside its folder or lacks what a reader needs.
func Parse(text []byte) (*Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %v", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %v", err)
	}
	return &m, nil
}

// Name tells this backup from all others; it can be the name of a file.
func (m Manifest) Name() string {
	return m.Cluster + "-" + string(m.Kind) + "-" + m.Time.UTC().Format(folderTime)
}

// Size is how many bytes the objects have.
func (m Manifest) Size() int64 {
	var size int64
	for _, object := range m.Objects {
		size += object.Size
	}
	return size
}

// Databases are the names of the databases, each once, in the order of the objects.
func (m Manifest) Databases() []string {
	var names []string
	seen := map[string]bool{}
	for _, object := range m.Objects {
		if !seen[object.Database] {
			seen[object.Database] = true
			names = append(names, object.Database)
		}
	}
	return names
}

func (m Manifest) check() error {
	switch {
	case m.Format != FormatVersion:
		return fmt.Errorf("format %d is not known, this agent reads %d", m.Format, FormatVersion)
	case len(m.Objects) == 0:
		return errors.New("it has no objects")
	case m.Time.IsZero():
		return errors.New("it has no time")
	case !isName(m.Cluster):
		return fmt.Errorf("%q is not the name of a cluster", m.Cluster)
	case !slices.Contains(Kinds, m.Kind):
		return fmt.Errorf("%q is not a kind of backup", m.Kind)
	}
	names := map[string]bool{}
	for _, object := range m.Objects {
		if err := object.check(); err != nil {
			return err
		}
		if folded := strings.ToLower(object.Name); names[folded] {
			return fmt.Errorf("two objects are called %q", object.Name)
		} else {
			names[folded] = true
		}
	}
	return nil
}

func (o Object) check() error {
	sum, err := hex.DecodeString(o.SHA256)
	switch {
	case !IsDatabase(o.Database):
		return fmt.Errorf("%q is not the name of a database", o.Database)
	case !isName(o.Name) || o.Name == Verified || o.Name == NotVerified || o.Name == Partial:
		return fmt.Errorf("%q is not the name of an object", o.Name)
	case o.Form != Store && o.Form != Dump && o.Form != Artifact:
		return fmt.Errorf("%s has the unknown form %q", o.Name, o.Form)
	case o.Size <= 0 || o.Content < 0 || o.Files < 0:
		return fmt.Errorf("%s has a size that cannot be", o.Name)
	case err != nil || len(sum) != 32:
		return fmt.Errorf("%s has no SHA-256", o.Name)
	case o.Form == Store && (o.Content == 0 || o.Files == 0):
		return fmt.Errorf("%s does not say what it unpacks to", o.Name)
	}
	return nil
}

// longestName bounds names of databases (63, Neo4j's rule) with what an object's name adds.
const longestName = 128

// IsDatabase tells whether a name can be a database's: letters, digits, dots and dashes, and underscores for a name
// that 3.5 allowed (https://neo4j.com/docs/operations-manual/4.4/manage-databases/configuration/).
func IsDatabase(name string) bool { return isName(name) && len(name) <= 63 }

// isName tells whether a name is one plain component of a path.
func isName(name string) bool {
	if name == "" || len(name) > longestName || strings.Trim(name, ".") == "" || name[0] == '-' {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

package localcluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// installLimit bounds a whole installation; on a fast line it takes a minute and a half.
const installLimit = 30 * time.Minute

// Parts is where the installed parts are. They are shared and never written to after they were installed.
type Parts struct {
	Dir      string // the folder given to Install, absolute
	JavaHome string // the Java runtime of Neo4j
	neo4j    string // Neo4j in the shape of the official image's NEO4J_HOME
	moto     string // a Python environment that holds moto's server

	community *community // nil for Neo4j 3.5 Enterprise
}

// step installs one part.
type step struct {
	what, path string
	install    func(ctx context.Context, temporary string) error
}

// Install makes sure that everything the local cluster needs is in dir, fetching what is missing with pip and Maven as
// they are configured on this machine. progress gets one line at a time. Each part is made in a temporary folder and
// then renamed, so an installation broken off goes on where it was; of two at once the second waits.
func Install(ctx context.Context, dir string, progress func(line string)) (*Parts, error) {
	parts, err := partsIn(dir)
	if err != nil {
		return nil, err
	}
	err = parts.install(ctx, progress, []step{
		jre(parts.JavaHome, jreVersion),
		{"moto " + motoVersion + " (AWS emulator)", parts.moto, installMoto},
		{"Neo4j Enterprise " + neo4jVersion, parts.neo4j, parts.installNeo4j},
	})
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// install takes the steps whose part is missing, one installation at a time in one folder.
func (p *Parts) install(ctx context.Context, progress func(line string), steps []step) error {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return fmt.Errorf("cannot install the parts: %v", err)
	}
	unlock, err := waitForLock(ctx, filepath.Join(p.Dir, ".lock"), func() {
		progress("another installation is under way in " + p.Dir + ": waiting for it")
	})
	if err != nil {
		return fmt.Errorf("cannot install the parts: %v", err)
	}
	defer unlock()
	for _, step := range steps {
		if err := installOnce(ctx, step, progress); err != nil {
			return err
		}
	}
	return nil
}

// partsIn says where the parts are below dir. Their versions are in the names: a new version is a new folder.
func partsIn(dir string) (*Parts, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of the parts: %v", err)
	}
	return &Parts{
		Dir:      dir,
		JavaHome: filepath.Join(dir, "jre-"+jreVersion),
		moto:     filepath.Join(dir, "moto-"+motoVersion),
		neo4j:    filepath.Join(dir, "neo4j-"+neo4jVersion+"-"+templateDigest()),
	}, nil
}

// installOnce makes the part's folder, unless it is there already.
func installOnce(ctx context.Context, part step, progress func(string)) error {
	what, path := part.what, part.path
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	started := time.Now()
	progress("installing " + what)
	stop := every(10*time.Second, func() {
		progress(fmt.Sprintf("installing %s: %.0f s so far", what, time.Since(started).Seconds()))
	})
	defer stop()
	temporary := path + ".unfinished"
	if err := os.RemoveAll(temporary); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	if err := os.Mkdir(temporary, 0o755); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	if err := part.install(ctx, temporary); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	progress(fmt.Sprintf("installed %s in %.0f s", what, time.Since(started).Seconds()))
	return nil
}

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

// Parts is where the installed parts are. They are shared and never written to after Install.
type Parts struct {
	Dir      string // the folder given to Install, absolute
	JavaHome string // a Java 11 runtime
	neo4j    string // Neo4j in the shape of the official image's NEO4J_HOME
	moto     string // a Python environment that holds moto's server
}

// Install makes sure that everything the local cluster needs is in dir, fetching what is missing with pip and Maven as
// they are configured on this machine. progress gets one line at a time. Each part is made in a temporary folder and
// then renamed, so an installation broken off goes on where it was; of two at once the second waits.
func Install(ctx context.Context, dir string, progress func(line string)) (*Parts, error) {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	parts, err := partsIn(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(parts.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot install the parts: %v", err)
	}
	unlock, err := waitForLock(ctx, filepath.Join(parts.Dir, ".lock"), func() {
		progress("another installation is under way in " + parts.Dir + ": waiting for it")
	})
	if err != nil {
		return nil, fmt.Errorf("cannot install the parts: %v", err)
	}
	defer unlock()
	steps := []struct {
		what, path string
		install    func(ctx context.Context, temporary string) error
	}{
		{"Java runtime " + jreVersion, parts.JavaHome, installJRE},
		{"moto " + motoVersion + " (AWS emulator)", parts.moto, installMoto},
		{"Neo4j Enterprise " + neo4jVersion, parts.neo4j, parts.installNeo4j},
	}
	for _, step := range steps {
		if err := installOnce(ctx, step.what, step.path, step.install, progress); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// partsIn says where the parts are below dir. Their versions are in the names: a new version is a new folder.
func partsIn(dir string) (*Parts, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of the parts: %v", err)
	}
	return &Parts{
		Dir:      dir,
		JavaHome: filepath.Join(dir, jreName),
		moto:     filepath.Join(dir, "moto-"+motoVersion),
		neo4j:    filepath.Join(dir, "neo4j-"+neo4jVersion+"-"+templateDigest()),
	}, nil
}

// installOnce makes the folder path with install, unless it is there already.
func installOnce(ctx context.Context, what, path string, install func(context.Context, string) error, progress func(string)) error {
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
	if err := install(ctx, temporary); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("cannot install %s: %v", what, err)
	}
	progress(fmt.Sprintf("installed %s in %.0f s", what, time.Since(started).Seconds()))
	return nil
}

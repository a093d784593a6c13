package localcluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func silent(string) {}

func TestABrokenOffInstallationLeavesNothingThatLooksFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part")
	broken := func(_ context.Context, dir string) error {
		write(t, filepath.Join(dir, "half"), "", 0o644)
		return errors.New("line cut")
	}
	if err := installOnce(t.Context(), step{"a part", path, broken}, silent); err == nil || !strings.Contains(err.Error(), "line cut") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatal("the part is there")
	}
	whole := func(_ context.Context, dir string) error {
		write(t, filepath.Join(dir, "whole"), "", 0o644)
		return nil
	}
	if err := installOnce(t.Context(), step{"a part", path, whole}, silent); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 || entries[0].Name() != "whole" {
		t.Errorf("the part holds %v, %v", entries, err)
	}
}

func TestAnInstalledPartIsNotInstalledAgain(t *testing.T) {
	never := func(context.Context, string) error {
		t.Error("installed again")
		return nil
	}
	if err := installOnce(t.Context(), step{"a part", t.TempDir(), never}, silent); err != nil {
		t.Fatal(err)
	}
}

func TestOfTwoInstallationsTheSecondWaitsForTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := waitForLock(t.Context(), path, func() { t.Error("the first waits") })
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	releaseAgain, err := waitForLock(t.Context(), path, func() {
		waited = true
		release()
	})
	if err != nil {
		t.Fatal(err)
	}
	releaseAgain()
	if !waited {
		t.Error("the second did not wait")
	}
}

func TestGivingUpOnTheLockNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := waitForLock(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := waitForLock(ctx, path, func() {}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

func TestAMissingToolIsNamedWithWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, install := range []func(context.Context, string) error{
		installMoto,
		func(ctx context.Context, dir string) error { return (&Parts{}).copyJars(ctx, dir, dir, "runtime") },
	} {
		if err := install(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "apt-get install") {
			t.Errorf("error %v", err)
		}
	}
}

func TestOnAMachineWithoutJavaMavenRunsOnOurRuntime(t *testing.T) {
	t.Setenv("JAVA_HOME", "")
	t.Setenv("PATH", t.TempDir())
	if env := (&Parts{JavaHome: "/parts/jre"}).mavenJava(); len(env) == 0 || env[0] != "JAVA_HOME=/parts/jre" {
		t.Errorf("environment %q", env)
	}
	t.Setenv("JAVA_HOME", "/their/own")
	if env := (&Parts{JavaHome: "/parts/jre"}).mavenJava(); len(env) > 0 {
		t.Errorf("with a Java of its own: environment %q", env)
	}
}

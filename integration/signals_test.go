package integration

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTermWhileWaitingForMembersEndsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(1))
	b.start()
	b.eventually("prepare to wait for members", 10*time.Second, func() bool { _, body := b.get("/status"); return strings.Contains(body, "2 of 3") })
	if code, body := b.get("/healthz"); code != 200 || !strings.Contains(body, "preparing") {
		t.Errorf("/healthz answers %d %s while members are awaited, want 200 and preparing", code, body)
	}
	b.signal(syscall.SIGTERM)
	if code := b.exit(10 * time.Second); code != 143 {
		t.Errorf("exit code %d, want 143; output:\n%s", code, b.output)
	}
	if b.starts() != 0 {
		t.Error("the database was started")
	}
}

func TestHangupReloadsSecretsAndDisturbsNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	b.write("password", boxPassword, 0o600)
	delete(b.env, "NEO4J_ADMIN_PASSWORD")
	b.with("NEO4J_ADMIN_PASSWORD_FILE", filepath.Join(b.dir, "password"))
	b.start()
	b.started(1)
	b.eventually("an answer", 5*time.Second, func() bool { code, _ := b.get("/healthz"); return code == 200 })
	serve := b.stage("serve")
	b.write("password", "another-password", 0o600)
	b.signal(syscall.SIGHUP)
	b.eventually("the new secret", 5*time.Second, func() bool { return strings.Contains(b.output.String(), `"changed":true`) })
	for _, other := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH} {
		b.signal(other) // ignored: USR1 kills a JVM
	}
	b.signal(syscall.SIGTERM)
	if code := b.exit(20 * time.Second); code != 0 || b.starts() != 1 {
		t.Errorf("exit code %d after %d starts, want 0 after one; output:\n%s", code, b.starts(), b.output)
	}
	if serve == 0 {
		t.Error("serve did not run")
	}
}

func TestTermToServeDoesNotTakeItAway(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	b.start()
	b.started(1)
	b.eventually("an answer", 5*time.Second, func() bool { code, _ := b.get("/healthz"); return code == 200 })
	_ = syscall.Kill(b.stage("serve"), syscall.SIGTERM) // as a killall would
	for range 20 {
		if code, body := b.get("/healthz"); code != 200 {
			t.Fatalf("/healthz answers %d %s", code, body)
		}
		<-time.After(20 * time.Millisecond)
	}
	b.signal(syscall.SIGTERM)
	if code := b.exit(20 * time.Second); code != 0 {
		t.Errorf("exit code %d, want 0; output:\n%s", code, b.output)
	}
}

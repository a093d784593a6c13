package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/certs"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// certified is a preparation of a server of 5.26 with certificates in a folder.
func certified(t *testing.T, set settings.Settings) *preparation {
	t.Helper()
	dir := t.TempDir()
	set.Discovery = settings.DiscoveryNone
	set.Home, set.RunDir, set.DataRoot = "/neo4j", filepath.Join(dir, "run"), filepath.Join(dir, "volume")
	if set.TLSDir == "" {
		set.TLSDir = filepath.Join(dir, "ssl")
		if err := os.MkdirAll(set.TLSDir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := restoringWith(t, "5.26.30", neo4jconf.Community).preparation
	p.settings, p.folders, p.log = &set, layoutOf(&set), zerolog.Nop()
	return p
}

// pair makes one that ends at a time.
func pair(t *testing.T, end time.Time) certs.Pair {
	t.Helper()
	made, err := certs.SelfSigned([]string{"localhost"}, end.AddDate(-10, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// given puts a pair where the user would.
func (p *preparation) given(t *testing.T, channel string, made certs.Pair) {
	t.Helper()
	if err := certs.Keep(filepath.Join(p.settings.TLSDir, channel), made); err != nil {
		t.Fatal(err)
	}
}

func TestAllMistakesWithCertificatesComeAtOnce(t *testing.T) {
	p := certified(t, settings.Settings{TLSPairs: settings.GivenPairs{HTTPS: settings.GivenPair{Key: settings.NewSecret("hush"), Certificate: settings.NewSecret("x")}}})
	one, other := pair(t, time.Now().AddDate(1, 0, 0)), pair(t, time.Now().AddDate(1, 0, 0))
	one.Key = other.Key
	p.given(t, "bolt", one)
	err := p.readPairs()
	if err == nil {
		t.Fatal("two pairs that would not do are taken")
	}
	for _, want := range []string{"bolt/private.key: is not the key", "AGENT_TLS_HTTPS_KEY: holds no private key", "AGENT_TLS_HTTPS_CERTIFICATE: holds no certificate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the error shows a secret: %v", err)
	}
	if err := certified(t, settings.Settings{TLSDir: "/nowhere"}).readPairs(); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

func TestBoltCannotBeRequiredToSpeakTLSWithoutACertificate(t *testing.T) {
	p := certified(t, settings.Settings{TLSBolt: settings.EncryptionRequired})
	if err := p.readPairs(); err != nil {
		t.Fatal(err)
	}
	if err := p.keepPairs(); err == nil || !strings.Contains(err.Error(), "AGENT_TLS_BOLT_CERTIFICATE") {
		t.Errorf("it is taken: %v", err)
	}
}

func TestVariablesWinOverTheFolderAndNobodyElseMayReadTheResult(t *testing.T) {
	folder, variables := pair(t, time.Now().AddDate(1, 0, 0)), pair(t, time.Now().AddDate(2, 0, 0))
	p := certified(t, settings.Settings{TLSPairs: settings.GivenPairs{Bolt: settings.GivenPair{
		Key: settings.NewSecret(string(variables.Key)), Certificate: settings.NewSecret(string(variables.Chain))}}})
	p.given(t, "bolt", folder)
	p.given(t, "https", folder)
	for range 2 { // a second start finds the first one's
		if err := p.readPairs(); err != nil {
			t.Fatal(err)
		}
		if err := p.keepPairs(); err != nil {
			t.Fatal(err)
		}
	}
	for channel, want := range map[neo4jconf.Channel]certs.Pair{neo4jconf.OverBolt: variables, neo4jconf.OverHTTPS: folder} {
		if !certs.Kept(p.pairFolder(channel), want) {
			t.Errorf("%s has another pair", channel)
		}
	}
	shown := p.certificatesOf(p.neo4j.intent.Config)
	if len(shown) != 2 || shown[0].Begun != certs.Fingerprint(variables.Leaf) || !shown[1].Ours {
		t.Errorf("shown are %+v", shown)
	}
	p.settings.TLSPairs.Bolt = settings.GivenPair{}
	if err := os.RemoveAll(p.settings.TLSDir + "/bolt"); err != nil {
		t.Fatal(err)
	}
	if err := p.readPairs(); err != nil {
		t.Fatal(err)
	}
	if err := p.keepPairs(); err != nil || exists(p.pairFolder(neo4jconf.OverBolt)) {
		t.Errorf("a key that is used no more is still there (%v)", err)
	}
}

// certifiedCore is a core of Enterprise 5.26 with certificates in a folder.
func certifiedCore(t *testing.T, set settings.Settings) *preparation {
	t.Helper()
	p := certified(t, set)
	enterprise := restoringWith(t, "5.26.30", neo4jconf.Enterprise).preparation
	p.neo4j, p.settings.Discovery = enterprise.neo4j, settings.DiscoveryStatic
	p.settings.Neo4j = map[string]settings.Value{"NEO4J_server_cluster_system__database__mode": {Secret: settings.NewSecret("PRIMARY")}}
	var err error
	if p.neo4j.intent, err = p.input().Intent(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMembersNeedToBeToldWhomToBelieve(t *testing.T) {
	p := certifiedCore(t, settings.Settings{TLSSelfSigned: true}) // which is for clients only
	p.given(t, "cluster", pair(t, time.Now().AddDate(1, 0, 0)))
	err := p.readPairs()
	if want := "/cluster/trusted: has no certificate"; err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("it is taken: %v, want %q", err, want)
	}
	made := pair(t, time.Now().AddDate(1, 0, 0))
	made.Trusted = made.Chain
	p.given(t, "cluster", made)
	if err := p.readPairs(); err != nil {
		t.Fatal(err)
	}
	if _, backup := p.pairs[neo4jconf.OverBackup]; backup || len(p.pairs) != 3 {
		t.Errorf("the pairs are for %v", slices.Sorted(maps.Keys(p.pairs)))
	}
	if err := p.keepPairs(); err != nil || !certs.Kept(p.pairFolder(neo4jconf.OverCluster), made) {
		t.Errorf("the pair is not where Neo4j reads it (%v)", err)
	}
	if got := p.neo4j.intent.Config.Certificate(neo4jconf.OverCluster); got != filepath.Join(p.pairFolder(neo4jconf.OverCluster), "public.crt") {
		t.Errorf("the members show %q", got)
	}
}

func TestCommunityHasNoTrafficBetweenServers(t *testing.T) {
	p := certified(t, settings.Settings{})
	p.given(t, "cluster", pair(t, time.Now().AddDate(1, 0, 0)))
	if err := p.readPairs(); err != nil || len(p.pairs) != 0 {
		t.Errorf("pairs for %v (%v)", p.pairs, err)
	}
}

func TestABackupHasThePairsInAFolderOfItsOwnWhileItRuns(t *testing.T) {
	p := certifiedCore(t, settings.Settings{TLSSelfSigned: true})
	made := pair(t, time.Now().AddDate(1, 0, 0))
	made.Trusted = made.Chain
	p.given(t, "backup", made)
	if err := p.readPairs(); err != nil {
		t.Fatal(err)
	}
	b := &backupJob{preparation: p, folder: filepath.Join(t.TempDir(), "tool")}
	clear, err := b.furnish()
	if err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(filepath.Join(b.folder, "conf", confName))
	if want := "dbms.ssl.policy.backup.base_directory=" + b.folder + "/certificates/backup\n"; err != nil || !strings.Contains(string(conf), want) {
		t.Errorf("the tool is told (%v):\n%s", err, conf)
	}
	for _, channel := range []string{"backup", "bolt", "https"} {
		if !exists(filepath.Join(b.folder, "certificates", channel, "private.key")) {
			t.Errorf("the tool finds no key for %s", channel)
		}
	}
	clear()
	if exists(filepath.Join(b.folder, "certificates")) {
		t.Error("private keys stay in the backup's folder")
	}
}

func TestASelfSignedPairIsMadeOnceForBoth(t *testing.T) {
	p := certified(t, settings.Settings{TLSSelfSigned: true})
	p.own.Advertised = "10.0.0.1"
	var first []byte
	for range 2 {
		if err := p.readPairs(); err != nil {
			t.Fatal(err)
		}
		if err := p.keepPairs(); err != nil {
			t.Fatal(err)
		}
		for _, channel := range []neo4jconf.Channel{neo4jconf.OverBolt, neo4jconf.OverHTTPS} {
			text, err := os.ReadFile(filepath.Join(p.pairFolder(channel), certs.CertificateFile))
			if err != nil || first != nil && !bytes.Equal(first, text) {
				t.Errorf("%s has another certificate (%v)", channel, err)
			}
			first = text
		}
	}
	leaf, err := certs.ReadCertificate(filepath.Join(p.pairFolder(neo4jconf.OverBolt), certs.CertificateFile))
	if err != nil || leaf.VerifyHostname("10.0.0.1") != nil || leaf.VerifyHostname("localhost") != nil {
		t.Errorf("it is not for this member: %v", err)
	}
}

func TestTheEndOfACertificateIsWarnedOfOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := certified(t, settings.Settings{})
		p.given(t, "bolt", pair(t, time.Now().Add(32*24*time.Hour)))
		if err := p.readPairs(); err != nil {
			t.Fatal(err)
		}
		if err := p.keepPairs(); err != nil {
			t.Fatal(err)
		}
		shown := p.certificatesOf(p.neo4j.intent.Config)
		var watch certificateWatch
		var log bytes.Buffer
		for day, want := range []int{0, 0, 1, 2, 3} { // warnings so far
			for range 24 {
				watch.look(shown, p.settings, p.folders, zerolog.New(&log))
				<-time.After(time.Hour)
			}
			told := watch.told.Load().Shown[0]
			if got := strings.Count(log.String(), "must be renewed"); got != want || (told.Problem != "") != (want > 0) {
				t.Errorf("day %d: %d warnings, want %d; told %+v", day, got, want, told)
			}
		}
		<-time.After(40 * 24 * time.Hour)
		watch.look(shown, p.settings, p.folders, zerolog.New(&log))
		if told := watch.told.Load().Shown[0]; told.DaysLeft != -13 || told.Problem != "it has expired" {
			t.Errorf("past its end: %+v", told)
		}
	})
}

func TestAChangedPairAsksForARestartAndABrokenOneDoesNot(t *testing.T) {
	p := certified(t, settings.Settings{})
	old, renewed := pair(t, time.Now().AddDate(1, 0, 0)), pair(t, time.Now().AddDate(2, 0, 0))
	p.given(t, "bolt", old)
	if err := p.readPairs(); err != nil {
		t.Fatal(err)
	}
	if err := p.keepPairs(); err != nil {
		t.Fatal(err)
	}
	shown := p.certificatesOf(p.neo4j.intent.Config)
	broken := renewed
	broken.Chain = old.Chain
	var watch certificateWatch
	for _, step := range []struct {
		given   certs.Pair
		restart bool
		problem string
	}{{old, false, ""}, {broken, false, "cannot be used"}, {renewed, true, ""}, {broken, true, "cannot be used"}, {old, false, ""}} {
		p.given(t, "bolt", step.given)
		watch.look(shown, p.settings, p.folders, zerolog.Nop())
		told := watch.told.Load()
		if strings.Contains(told.RestartNeeded, "certificate of bolt changed on 2") != step.restart || !strings.Contains(told.Shown[0].Problem, step.problem) {
			t.Errorf("told %+v, want restart %v and problem %q", told, step.restart, step.problem)
		}
		if !certs.Kept(p.pairFolder(neo4jconf.OverBolt), old) {
			t.Error("what Neo4j reads has been changed without a start")
		}
	}
	own := []runstate.Certificate{{Scope: "bolt", File: filepath.Join(p.settings.TLSDir, "bolt", certs.CertificateFile), Begun: "00"}}
	watch.look(own, p.settings, p.folders, zerolog.Nop())
	if told := watch.told.Load(); told.RestartNeeded == "" {
		t.Error("a changed certificate of the user's own policy asks for nothing")
	}
}

package settings

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// childWord makes the test binary a child that prints what descriptor 3 holds.
const childWord = "unseal-descriptor-3"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childWord {
		os.Exit(printInherited())
	}
	os.Exit(m.Run())
}

func printInherited() int {
	secrets, err := Unseal(os.NewFile(3, "inherited"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if json.NewEncoder(os.Stdout).Encode(secrets) != nil {
		return 1
	}
	return 0
}

func seal(t *testing.T, secrets map[string]string) *os.File {
	t.Helper()
	file, err := Seal(secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestSealedSecretsComeBackByteForByte(t *testing.T) {
	for _, secrets := range []map[string]string{
		{}, {"A": ""}, {"A": "x", "B": "\x00\xff\xfe not UTF-8 \n"}, {"A": strings.Repeat("x", 1<<20)},
	} {
		got, err := Unseal(seal(t, secrets))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(secrets, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestChildrenReadTheSameDescriptorOneAfterTheOther(t *testing.T) {
	want := map[string]string{"NEO4J_AUTH": "neo4j/" + marker}
	file := seal(t, want)
	for range 3 {
		child := exec.Command(os.Args[0], childWord)
		child.ExtraFiles = []*os.File{file}
		child.Stderr = os.Stderr
		text, err := child.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAChildThatIsNotGivenTheDescriptorDoesNotHaveIt(t *testing.T) {
	seal(t, map[string]string{"A": "x"})
	child := exec.Command("/bin/sh", "-c", "ls -l /proc/self/fd")
	text, err := child.CombinedOutput()
	if err != nil || strings.Contains(string(text), "neo4j-agent-secrets") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestManyReadAtTheSameTime(t *testing.T) {
	want := map[string]string{"A": strings.Repeat("x", 1<<16)}
	file := seal(t, want)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if got, err := Unseal(file); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("got %d secrets, %v", len(got), err)
			}
		})
	}
	all.Wait()
}

func TestSealedSecretsCannotBeChanged(t *testing.T) {
	file := seal(t, map[string]string{"A": "x"})
	if _, err := file.WriteAt([]byte("y"), 0); err == nil {
		t.Error("it was overwritten")
	}
	if _, err := file.Seek(0, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("y")); err == nil {
		t.Error("it grew")
	}
	if err := file.Truncate(0); err == nil {
		t.Error("it shrank")
	}
	again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if _, err := again.Write([]byte("y")); err == nil {
		t.Error("it was changed through a descriptor of its own")
	}
}

func TestOnlyASealedMemoryFileIsTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, []byte(`{"A":"eA=="}`), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	unsealed, err := memoryFile()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unsealed.Close() }()
	closed := seal(t, nil)
	_ = closed.Close()
	for name, file := range map[string]*os.File{"file": plain, "memory file without seals": unsealed, "closed": closed} {
		if secrets, err := Unseal(file); err == nil {
			t.Errorf("%s: read as %v", name, secrets)
		}
	}
}

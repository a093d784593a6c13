package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// The test binary plays the programs that the tests need: it is started again with roleVariable set.
const roleVariable = "SUPERVISOR_TEST_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if os.Getpid() == 1 { // the new PID namespace needs its own /proc
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			fmt.Fprintln(os.Stderr, "cannot mount /proc:", err)
			os.Exit(1)
		}
	}
	os.Exit(play(role))
}

func play(role string) int {
	switch role {
	case "start":
		return playStart()
	case "passthrough":
		return Passthrough(Command{Argv: os.Args[1:], Env: realEnvironment()})
	case "reaper":
		return playReaper()
	case "tool":
		return playTool()
	case "listener":
		return playListener()
	}
	fmt.Fprintln(os.Stderr, "no such role:", role)
	return 1
}

// realEnvironment is for children that are no roles.
func realEnvironment() []string {
	// (GORACE: a race-enabled program otherwise waits for a second before it exits.)
	return []string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "TERM=dumb", "HOME=/", "DIR=" + os.Getenv("DIR")}
}

// script is what `start` runs as its children: shell commands, and how the lifecycle is set.
type script struct {
	Serve, Prepare, Database string   // for sh -c
	Exec                     []string // instead of Database
	Restarts                 int
	Window                   time.Duration
	StopTimeout              time.Duration
	Hopeless                 string
	LastLines                []string
	LockAt                   string
}

const (
	scriptVariable = "SUPERVISOR_TEST_SCRIPT"
	stateVariable  = "SUPERVISOR_TEST_STATE"
)

func playStart() int {
	var s script
	if err := json.Unmarshal([]byte(os.Getenv(scriptVariable)), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var held []*os.File
	if s.LockAt != "" {
		lock, err := Lock(s.LockAt)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 75
		}
		held = append(held, lock)
	}
	shell := func(name, text string, files ...*os.File) func() (Command, error) {
		return func() (Command, error) {
			return Command{Name: name, Argv: []string{"sh", "-c", text}, Env: realEnvironment(), Files: files}, nil
		}
	}
	log := NewLogWriter(os.Stderr)
	life := Lifecycle{
		Serve: shell("serve", s.Serve), Prepare: shell("prepare", s.Prepare, held...), Database: shell("database", s.Database, held...),
		Words:    Words{Drain: "drain", Drained: "drained", Stopped: "stopped", GiveUp: "giveup"},
		Restarts: RestartPolicy{Max: s.Restarts, Window: s.Window}, StopTimeout: s.StopTimeout,
		Hopeless: func(Exit) string { return s.Hopeless }, LastLines: func() []string { return s.LastLines },
		Observe: writeState(os.Getenv(stateVariable)), Log: zerolog.New(log),
	}
	if s.Exec != nil {
		life.Database = func() (Command, error) { return Command{Argv: s.Exec, Env: realEnvironment()}, nil }
	}
	code := life.Run()
	log.Flush(time.Second)
	return code
}

func writeState(path string) func(State) {
	return func(s State) {
		text, _ := json.Marshal(s)
		if os.WriteFile(path+".new", text, 0o600) == nil {
			_ = os.Rename(path+".new", path)
		}
	}
}

// rounds is few, or with SOAK set many.
func rounds(few, many int) int {
	if os.Getenv("SOAK") != "" {
		return many
	}
	return few
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

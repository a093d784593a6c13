package localcluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// proc is a process as /proc shows it from here, whatever namespace it runs in.
type proc struct {
	pid, parent int
	born        string // start time in ticks; with the pid it names a process for good (proc(5), stat field 22)
	argv        []string
}

// processes lists all processes. Those that end meanwhile are left out.
func processes() ([]proc, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %v", err)
	}
	var all []proc
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, ok := readProc(pid); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// readProc looks one process up. A zombie counts as ended.
func readProc(pid int) (proc, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return proc{}, false
	}
	p, zombie, ok := parseStat(pid, string(stat))
	if !ok || zombie {
		return proc{}, false
	}
	p.argv = readList(fmt.Sprintf("/proc/%d/cmdline", pid))
	return p, true
}

// parseStat reads a line of /proc/PID/stat. The command, in parentheses, may itself hold blanks and parentheses.
func parseStat(pid int, stat string) (p proc, zombie, ok bool) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return proc{}, false, false
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return proc{}, false, false
	}
	return proc{pid: pid, parent: parent, born: fields[19]}, fields[0] == "Z" || fields[0] == "X", true
}

// readList reads a file of strings that each end in a zero byte. What cannot be read is empty.
func readList(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte{0})), "\x00")
}

// executable is the path of the program that a process runs, empty when it has ended.
func executable(pid int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	return path
}

// descendants lists what descends from the process root, without root.
func descendants(root int) ([]proc, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	return descendantsOf(root, all), nil
}

func descendantsOf(root int, all []proc) []proc {
	family := map[int]bool{root: true}
	var found []proc
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if family[p.parent] && !family[p.pid] {
				family[p.pid] = true
				found = append(found, p)
				grown = true
			}
		}
	}
	return found
}

// kill kills the process, unless its pid is another's by now.
func (p proc) kill() {
	if now, ok := readProc(p.pid); ok && now.born == p.born {
		_ = syscall.Kill(p.pid, syscall.SIGKILL) // an error means that it has just ended
	}
}

// belongsTo tells whether the process works for a member below dir: by the homes in its arguments and environment.
func (p proc) belongsTo(dir string) bool {
	below := func(path string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
	for _, argument := range p.argv {
		if home, ok := strings.CutPrefix(argument, "--home-dir="); ok && below(home) {
			return true
		}
	}
	for _, variable := range readList(filepath.Join("/proc", strconv.Itoa(p.pid), "environ")) {
		name, value, _ := strings.Cut(variable, "=")
		if (name == "NEO4J_HOME" || name == "AGENT_RUN_DIR" || name == "MOTO_LOCALCLUSTER") && below(value) {
			return true
		}
	}
	return false
}

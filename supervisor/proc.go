package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// stat is what proc_pid_stat(5) says of a process.
type stat struct {
	pid     int
	state   byte
	group   int
	session int
	threads int
}

// alive is false for a zombie, which can do nothing any more. A process whose first thread has ended while others run
// looks like one too, but still counts its threads.
func (s stat) alive() bool { return s.state != 'Z' && s.state != 'X' || s.threads > 1 }

// processes lists the live processes that match, by number. One that ends meanwhile may be missing or listed.
func processes(match func(stat) bool) []int {
	var found []int
	for _, pid := range processNumbers() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		if s, ok := parseStat(text); ok && s.alive() && match(s) {
			found = append(found, s.pid)
		}
	}
	return found
}

func processNumbers() []int {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = folder.Close() }()
	names, _ := folder.Readdirnames(-1)
	var numbers []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			numbers = append(numbers, pid)
		}
	}
	return numbers
}

// parseStat reads one line of /proc/PID/stat. The second field is the program's name in brackets and may hold
// anything, brackets too.
func parseStat(text []byte) (stat, bool) {
	number, _, found := bytes.Cut(text, []byte(" ("))
	end := bytes.LastIndexByte(text, ')')
	if !found || end < 0 {
		return stat{}, false
	}
	fields := strings.Fields(string(text[end+1:]))
	const state, group, session, threads = 0, 2, 3, 17 // the manual page counts from 1 and calls these 3, 5, 6, 20
	if len(fields) <= threads {
		return stat{}, false
	}
	numbers := make([]int, 0, 4)
	for _, text := range []string{string(number), fields[group], fields[session], fields[threads]} {
		parsed, err := strconv.Atoi(text)
		if err != nil {
			return stat{}, false
		}
		numbers = append(numbers, parsed)
	}
	return stat{numbers[0], fields[state][0], numbers[1], numbers[2], numbers[3]}, true
}

// handles tells whether a process has a handler for a signal (SigCgt in proc_pid_status(5)).
func handles(pid int, signal syscall.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, mask, _ := strings.Cut(string(text), "\nSigCgt:")
	mask, _, _ = strings.Cut(mask, "\n")
	caught, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
	return err == nil && caught&(1<<(uint(signal)-1)) != 0
}

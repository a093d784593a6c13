package localcluster

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// guardScript waits for the end of its input, which comes when the process that holds the other end of the pipe dies,
// and then kills what works for the folder $1. It finds that as proc.belongsTo does.
const guardScript = `read -r line
for process in /proc/[0-9]*; do
	if tr '\0' '\n' <"$process/environ" | grep -q -e "^NEO4J_HOME=$1/" -e "^AGENT_RUN_DIR=$1/"; then
		kill -KILL "${process#/proc/}"
	fi
done 2>/dev/null`

// guard kills a cluster's processes when we are killed ourselves, where no PID namespace does that: there the kernel
// ends the agents with us, and Neo4j outlives its agent.
type guard struct {
	command *exec.Cmd
	pipe    *os.File
}

func startGuard(dir string) (*guard, error) {
	command := exec.Command("/bin/sh", "-c", guardScript, "sh", dir)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start the guard: %v", err)
	}
	defer func() { _ = read.Close() }()
	command.Stdin = read
	if err := command.Start(); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("cannot start the guard: %v", err)
	}
	return &guard{command: command, pipe: write}, nil
}

// dismiss ends the guard without letting it act.
func (g *guard) dismiss() {
	_ = g.command.Process.Kill()
	_ = g.command.Wait()
	_ = g.pipe.Close()
}

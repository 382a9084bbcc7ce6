//go:build unix

package sibling

import (
	"os/exec"
	"syscall"
)

// detach puts cmd's process into a group of its own, where Ctrl-C in the terminal
// does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup kills cmd's process, which detach prepared, and those it started.
func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

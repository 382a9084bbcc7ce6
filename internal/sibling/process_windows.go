package sibling

import (
	"os/exec"
	"syscall"
)

// detach puts cmd's process into a group of its own, where Ctrl-C in the console
// does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup kills cmd's process. What that started ends by itself.
func killGroup(cmd *exec.Cmd) error {
	return cmd.Process.Kill()
}

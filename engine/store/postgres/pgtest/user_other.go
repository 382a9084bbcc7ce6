//go:build !linux

package pgtest

import "syscall"

// asServer leaves the server's process as it is.
func asServer() (*syscall.SysProcAttr, error) { return nil, nil }

func chown(string, *syscall.SysProcAttr) error { return nil }

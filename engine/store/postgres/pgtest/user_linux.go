package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// asServer are the attributes of the server's process: it ends with the one that
// started it, and it runs as postgres where the tests run as root, which
// PostgreSQL refuses.
func asServer() (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			return attributes, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

func chown(dir string, as *syscall.SysProcAttr) error {
	if as.Credential == nil {
		return nil
	}
	return os.Chown(dir, int(as.Credential.Uid), int(as.Credential.Gid))
}

package sibling

import (
	"errors"
	"os"
	"syscall"
)

// errorSharingViolation is ERROR_SHARING_VIOLATION: the file is open elsewhere.
const errorSharingViolation = syscall.Errno(32)

// tryLock opens the file at path, which it creates if need be, so that no other
// process can until the returned file is closed or the process ends; or it
// returns errLocked.
func tryLock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE,
		0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err == nil {
		return os.NewFile(uintptr(handle), path), nil
	}
	if errors.Is(err, errorSharingViolation) {
		return nil, errLocked
	}
	return nil, err
}

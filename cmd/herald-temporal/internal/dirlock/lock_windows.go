package dirlock

import (
	"errors"
	"os"
	"syscall"
)

// errorSharingViolation is ERROR_SHARING_VIOLATION: the file is open elsewhere.
const errorSharingViolation = syscall.Errno(32)

// tryLock opens the file at path so that others may read it but not open it for
// writing, as they would have to for the lock, or returns errHeld.
func tryLock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE,
		syscall.FILE_SHARE_READ, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err == nil {
		return os.NewFile(uintptr(handle), path), nil
	}
	if errors.Is(err, errorSharingViolation) {
		return nil, errHeld
	}
	return nil, err
}

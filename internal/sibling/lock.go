package sibling

import "errors"

// errLocked is what tryLock returns when another process has the lock.
var errLocked = errors.New("locked by another process")

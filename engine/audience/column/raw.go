package column

import "unsafe"

// The one home of unsafe: slices seen as their bytes, which is what a snapshot
// holds, and text within a Dict seen as a string.

// fixed are the types of which arrays are made.
type fixed interface {
	uint8 | uint16 | uint32 | uint64 | int32 | int64 | float64
}

// rawBytes are the bytes of s in the order of this machine; good while s is.
func rawBytes[T fixed](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*sizeOf[T]())
}

func sizeOf[T fixed]() int {
	var zero T
	return int(unsafe.Sizeof(zero))
}

// text is b as a string without a copy. Nobody may change b from then on.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

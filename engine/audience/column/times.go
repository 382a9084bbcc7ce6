package column

import (
	"math"
	"time"
)

// base lets Sec begin at 1 in 1970; it reaches into 2106.
const base = -1

// Time is instant i, in UTC.
func (t *Times) Time(i uint32) time.Time { return time.UnixMicro(t.Micros(i)).UTC() }

// Micros is instant i in microseconds since 1970.
func (t *Times) Micros(i uint32) int64 {
	if sec := t.Sec[i]; (sec <= 1 || sec == math.MaxUint32) && t.Odd != nil {
		if micros, ok := t.Odd[i]; ok {
			return micros
		}
	}
	micros := (t.Base + int64(t.Sec[i])) * 1e6
	switch {
	case t.Micro != nil:
		micros += int64(t.Micro[i])
	case t.Milli != nil:
		micros += int64(t.Milli[i]) * 1000
	}
	return micros
}

// add appends an instant, cut to the microsecond.
func (t *Times) add(at time.Time) {
	i := uint32(len(t.Sec))
	sec := at.Unix() - t.Base
	micro := uint32(at.Nanosecond() / 1000)
	if sec < 1 || sec > math.MaxUint32 {
		if t.Odd == nil {
			t.Odd = map[uint32]int64{}
		}
		t.Odd[i] = at.UnixMicro()
		sec, micro = max(1, min(sec, math.MaxUint32)), 0
	}
	t.Sec = push(t.Sec, uint32(sec))
	t.part(micro)
}

// part appends the part of a second, in a finer unit if that is needed.
func (t *Times) part(micro uint32) {
	n := len(t.Sec)
	switch {
	case t.Micro != nil:
		t.Micro = push(t.Micro, micro)
		return
	case micro%1000 != 0:
		t.Micro = make([]uint32, n, cap(t.Sec))
		for i, milli := range t.Milli {
			t.Micro[i] = uint32(milli) * 1000
		}
		t.Milli = nil
		t.Micro[n-1] = micro
		return
	case t.Milli == nil && micro != 0:
		t.Milli = make([]uint16, n-1, cap(t.Sec))
	}
	if t.Milli != nil {
		t.Milli = push(t.Milli, uint16(micro/1000))
	}
}

// wipe makes row i one of nobody.
func (t *Times) wipe(i uint32) {
	t.Sec[i] = 0
	if t.Milli != nil {
		t.Milli[i] = 0
	}
	if t.Micro != nil {
		t.Micro[i] = 0
	}
	delete(t.Odd, i)
}

func (t *Times) reserve(total int) {
	t.Sec = reserve(t.Sec, total)
	if t.Milli != nil {
		t.Milli = reserve(t.Milli, total)
	}
	if t.Micro != nil {
		t.Micro = reserve(t.Micro, total)
	}
}

// before reports whether row i is before row j.
func (t *Times) before(i, j uint32) bool {
	if t.Sec[i] != t.Sec[j] {
		return t.Sec[i] < t.Sec[j]
	}
	return t.Micros(i) < t.Micros(j)
}

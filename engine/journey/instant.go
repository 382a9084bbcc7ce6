package journey

import "time"

// instant is campaign time in milliseconds since 1970; 0 is none, or never.
type instant int64

const (
	firstInstant instant = 1
	lastInstant  instant = 253402300799000 // 9999-12-31T23:59:59Z: what JSON can write
)

// instantOf drops parts of a millisecond and clamps t to what an instant can hold.
func instantOf(t time.Time) instant {
	switch s := t.Unix(); {
	case s <= 0:
		return firstInstant
	case s >= int64(lastInstant)/1000:
		return lastInstant
	}
	return instant(t.UnixMilli())
}

// time is zero for none.
func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// millis is d without parts of a millisecond; negative ones are 0.
func millis(d time.Duration) int64 { return max(0, d.Milliseconds()) }

// after is i plus ms, clamped.
func (i instant) after(ms int64) instant {
	if ms >= int64(lastInstant-i) {
		return lastInstant
	}
	return i + instant(ms)
}

// alignUp is the first multiple of grid that is not before i.
func (i instant) alignUp(grid int64) instant {
	if grid <= 1 {
		return i
	}
	return min(lastInstant, (i+instant(grid)-1)/instant(grid)*instant(grid))
}

// earlier is the earlier of two instants, where none is later than any.
func earlier(a, b instant) instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// slacks are the grids that wakes align to without being told, coarsest first.
var slacks = [...]time.Duration{15 * time.Minute, 5 * time.Minute, time.Minute, 15 * time.Second, 5 * time.Second, time.Second}

// slack is the grid in milliseconds for a wait of ms: at most half a percent of it.
func slack(ms int64) int64 {
	for _, g := range slacks {
		if g.Milliseconds()*200 <= ms {
			return g.Milliseconds()
		}
	}
	return 0
}

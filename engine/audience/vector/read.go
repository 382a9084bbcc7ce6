package vector

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// knownAt reports whether a row has a value. A column without Known has one for
// each row that it has.
func knownAt(c *column.Column, r uint32) bool { return c.Known == nil || c.Known.Has(r) }

func numberAt(c *column.Column, r uint32) (float64, bool) {
	switch {
	case !knownAt(c, r):
		return 0, false
	case int(r) < len(c.Num.I32):
		return float64(c.Num.I32[r]) / c.Num.Scale, true
	case int(r) < len(c.Num.F64):
		return c.Num.F64[r], true
	}
	return 0, false
}

// codeAt is the position of a string in the Dict.
func codeAt(c *column.Column, r uint32) (uint32, bool) {
	switch {
	case !knownAt(c, r):
		return 0, false
	case int(r) < len(c.Code.U8):
		return uint32(c.Code.U8[r]), true
	case int(r) < len(c.Code.U16):
		return uint32(c.Code.U16[r]), true
	case int(r) < len(c.Code.U32):
		return c.Code.U32[r], true
	}
	return 0, false
}

// textAt is a string that shares the memory of the Dict: good while the table is
// not written to.
func textAt(c *column.Column, r uint32) (string, bool) {
	code, ok := codeAt(c, r)
	if !ok {
		return "", false
	}
	return c.Dict.String(code), true
}

// dayAt is a date in days since 1970.
func dayAt(c *column.Column, r uint32) (int64, bool) {
	if int(r) >= len(c.Day) || !knownAt(c, r) {
		return 0, false
	}
	return int64(c.Day[r]), true
}

func microsAt(c *column.Column, r uint32) (int64, bool) {
	if int(r) >= len(c.Micros) || !knownAt(c, r) {
		return 0, false
	}
	return c.Micros[r], true
}

func durationAt(c *column.Column, r uint32) (time.Duration, bool) {
	if int(r) >= len(c.Nanos) || !knownAt(c, r) {
		return 0, false
	}
	return time.Duration(c.Nanos[r]), true
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

const secondsADay = 24 * 60 * 60

// dayOf is the day of t in t's own time zone, in days since 1970.
func dayOf(t time.Time) int64 {
	_, offset := t.Zone()
	return floorDiv(t.Unix()+int64(offset), secondsADay)
}

func daysOf(d campaign.CivilDate) int64 { return floorDiv(d.In(time.UTC).Unix(), secondsADay) }

// midnight is the first instant of a day in UTC.
func midnight(day int64) time.Time { return time.Unix(day*secondsADay, 0).UTC() }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

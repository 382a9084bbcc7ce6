package postgres

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store/object"
)

// row hands out the columns of one result, in the server's binary form, from left
// to right. The first column that does not hold what is asked of it is remembered
// in err.
type row struct {
	values [][]byte // nil for NULL; good until the next row
	next   int
	err    error
}

func (r *row) value() []byte {
	v := r.values[r.next]
	r.next++
	return v
}

func (r *row) int64() int64 {
	switch v := r.value(); len(v) {
	case 0:
		return 0 // NULL
	case 8:
		return int64(binary.BigEndian.Uint64(v)) //nolint:gosec // two's complement
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v))) //nolint:gosec // two's complement
	default:
		r.fail(fmt.Errorf("column %d is no whole number", r.next))
		return 0
	}
}

func (r *row) int() int { return int(r.int64()) }

func (r *row) bool() bool {
	v := r.value()
	return len(v) == 1 && v[0] != 0
}

func (r *row) text() string { return string(r.value()) }

// blob is a copy; nil for NULL.
func (r *row) blob() []byte {
	v := r.value()
	if v == nil {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}

// epoch is where the server counts microseconds from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// time reads a timestamptz; NULL is the zero one.
func (r *row) time() time.Time {
	v := r.value()
	if len(v) != 8 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(v)) + epoch).UTC() //nolint:gosec // two's complement
}

func (r *row) addr() addr.Addr {
	var a addr.Addr
	if err := a.UnmarshalText(r.value()); err != nil {
		r.fail(err)
	}
	return a
}

// jsonbVersion stands in front of a jsonb where it comes in binary form.
const jsonbVersion = 1

// json reads JSON, of a jsonb or a text column, into v; NULL leaves v alone.
func (r *row) json(v any) {
	raw := r.value()
	if len(raw) == 0 {
		return
	}
	if raw[0] == jsonbVersion {
		raw = raw[1:]
	}
	if err := json.Unmarshal(raw, v); err != nil {
		r.fail(fmt.Errorf("column %d does not hold the JSON that herald writes", r.next))
	}
}

// object reads a JSON object of a jsonb column; {} and NULL are nil.
func (r *row) object() map[string]any {
	raw := r.value()
	if len(raw) > 0 && raw[0] == jsonbVersion {
		raw = raw[1:]
	}
	if len(raw) <= len(`{}`) {
		return nil
	}
	m, err := object.Parse(string(raw))
	if err != nil {
		r.fail(fmt.Errorf("column %d: %w", r.next, err))
	}
	return m
}

func (r *row) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/object"
)

// row hands out the columns of one result from left to right. The first column
// that does not hold what is asked of it is remembered in err.
type row struct {
	values []driver.Value
	next   int
	err    error
}

func (r *row) value() driver.Value {
	v := r.values[r.next]
	r.next++
	return v
}

func (r *row) int64() int64 {
	n, _ := r.value().(int64) // NULL is 0
	return n
}

func (r *row) int() int { return int(r.int64()) }

func (r *row) bool() bool { return r.int64() != 0 }

func (r *row) text() string {
	s, _ := r.value().(string) // NULL is ""
	return s
}

func (r *row) blob() []byte {
	b, _ := r.value().([]byte) // NULL is nil
	return b
}

// time reads an instant; NULL is the zero one.
func (r *row) time() time.Time {
	micros, ok := r.value().(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func (r *row) addr() addr.Addr {
	var a addr.Addr
	if err := a.UnmarshalText([]byte(r.text())); err != nil {
		r.fail(err)
	}
	return a
}

// json reads a JSON column into v; NULL leaves v alone.
func (r *row) json(v any) {
	s := r.text()
	if s == "" {
		return
	}
	if err := json.Unmarshal([]byte(s), v); err != nil {
		r.fail(fmt.Errorf("column %d does not hold the JSON that herald writes", r.next))
	}
}

// object reads a JSON object; {} and NULL are nil.
func (r *row) object() map[string]any {
	s := r.text()
	if s == "" || s == "{}" {
		return nil
	}
	m, err := object.Parse(s)
	if err != nil {
		r.fail(fmt.Errorf("column %d: %w", r.next, err))
	}
	return m
}

// picks are the properties that are wanted, by label; of a label that is not in it
// all are.
type picks map[string]map[string]bool

func picksOf(need store.Need) picks {
	if need.Properties == nil {
		return nil
	}
	p := picks{}
	for label, names := range need.Properties {
		p[label] = map[string]bool{}
		for _, name := range names {
			p[label][name] = true
		}
	}
	return p
}

// picked reads those properties of a JSON object that are wanted.
func (r *row) picked(p picks, label string) map[string]any {
	wanted, some := p[label]
	if !some {
		return r.object()
	}
	s := r.text()
	if s == "" || s == "{}" || len(wanted) == 0 {
		return nil
	}
	m, err := object.Pick(s, wanted)
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

// objectText is the stored form of a JSON object; nil and empty are {}.
func objectText(m map[string]any) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	text, err := appendObject(make([]byte, 0, 128), m)
	return string(text), err
}

package intake

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// shape says how the values of a Parquet row become columns.
type shape struct {
	columns []parquetColumn
	leaves  []leaf // by column index of the file
	values  []any  // of the row at hand, by column
}

// parquetColumn is a column as an importer sees it.
type parquetColumn struct {
	name  string
	isMap bool // a list of keys and values until the row is whole
}

// leaf is a column of the file.
type leaf struct {
	column   int    // index in columns; -1: nested too deep, left out
	repeated bool   // an element of a list
	field    string // of an element that is an object; "": the element itself
	defined  int    // definition level from which on the element is there
	value    func(parquet.Value) any
}

// maxLeaves bounds the columns of a file.
const maxLeaves = 5000

func newShape(schema *parquet.Schema) (*shape, error) {
	s := &shape{}
	if n := len(schema.Columns()); n == 0 || n > maxLeaves {
		return nil, fmt.Errorf("it has %d columns: a file has 1 to %d", n, maxLeaves)
	}
	s.leaves = make([]leaf, len(schema.Columns()))
	for _, path := range schema.Columns() {
		l, ok := schema.Lookup(path...)
		if !ok {
			return nil, fmt.Errorf("its column %s is not among its columns", quote(strings.Join(path, ".")))
		}
		s.add(schema, path, l)
	}
	s.values = make([]any, len(s.columns))
	return s, nil
}

// add notes one column of the file. Its name ends before the repeated node, what
// stands behind that is the field.
func (s *shape) add(schema *parquet.Schema, path []string, l parquet.LeafColumn) {
	out := leaf{column: -1, value: valueOf(l.Node.Type())}
	var node parquet.Node = schema
	var name, field []string
	isMap, isList, level := false, false, 0
	for _, part := range path {
		parent := node
		for _, f := range node.Fields() {
			if f.Name() == part {
				node = f
			}
		}
		if !node.Required() {
			level++
		}
		switch logical := logicalOf(parent.Type()); {
		case node.Repeated() && out.repeated:
			s.leaves[l.ColumnIndex] = out // nested too deep
			return
		case node.Repeated():
			out.repeated, out.defined = true, level
			_, isMap = logical.(*format.MapType)
			if _, isList = logical.(*format.ListType); !isList && !isMap {
				name = append(name, part)
			}
		case out.repeated:
			field = append(field, part)
		default:
			name = append(name, part)
		}
	}
	if isList && len(field) > 0 && isElement(field[0]) {
		field = field[1:]
	}
	out.field = strings.Join(field, ".")
	out.column = s.column(strings.Join(name, "."), isMap)
	s.leaves[l.ColumnIndex] = out
}

// isElement reports whether a name is the one that writers give to what stands
// in a list.
func isElement(name string) bool { return name == "element" || name == "item" || name == "array" }

// column is the index of a column, which is made when it is new.
func (s *shape) column(name string, isMap bool) int {
	i := slices.IndexFunc(s.columns, func(c parquetColumn) bool { return c.name == name })
	if i < 0 {
		i = len(s.columns)
		s.columns = append(s.columns, parquetColumn{name, isMap})
	}
	return i
}

// read returns the values of a row, by column, until the next call.
func (s *shape) read(r parquet.Row) []any {
	clear(s.values)
	element, last := -1, -1 // of the list that the leaf at hand belongs to
	for _, v := range r {
		index := v.Column()
		if index < 0 || index >= len(s.leaves) {
			continue
		}
		l := &s.leaves[index]
		if l.column < 0 {
			continue
		}
		if !l.repeated {
			if !v.IsNull() {
				s.values[l.column] = l.value(v)
			}
			continue
		}
		if index != last || v.RepetitionLevel() == 0 {
			element, last = -1, index
		}
		if v.DefinitionLevel() >= l.defined {
			element++
			s.put(l, element, v)
		}
	}
	for i := range s.columns {
		if s.columns[i].isMap {
			s.values[i] = keyed(s.values[i])
		}
	}
	return s.values
}

// put puts a value into an element of a list.
func (s *shape) put(l *leaf, element int, v parquet.Value) {
	list, _ := s.values[l.column].([]any)
	for len(list) <= element {
		list = append(list, nil)
	}
	var value any
	if !v.IsNull() {
		value = l.value(v)
	}
	if l.field == "" {
		list[element] = value
	} else {
		object, ok := list[element].(map[string]any)
		if !ok {
			object = map[string]any{}
			list[element] = object
		}
		if value != nil {
			object[l.field] = value
		}
	}
	s.values[l.column] = list
}

// keyed makes a map of a list of keys and values.
func keyed(v any) any {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	m := make(map[string]any, len(list))
	for _, item := range list {
		entry, _ := item.(map[string]any)
		if key, ok := entry["key"]; ok {
			m[fmt.Sprint(key)] = entry["value"]
		}
	}
	return m
}

func logicalOf(t parquet.Type) any {
	if logical := t.LogicalType(); logical != nil {
		return logical.Value
	}
	return nil
}

// valueOf brings values of a Parquet type to their JSON form.
func valueOf(t parquet.Type) func(parquet.Value) any {
	switch logical := logicalOf(t).(type) {
	case *format.DateType:
		return func(v parquet.Value) any {
			return campaign.DateOf(time.Unix(int64(v.Int32())*86400, 0).UTC()).String()
		}
	case *format.TimestampType:
		return instantsOf(logical)
	case *format.DecimalType:
		scale := math.Pow10(int(logical.Scale))
		return func(v parquet.Value) any { return finite(unscaled(v) / scale) }
	case *format.UUIDType:
		return func(v parquet.Value) any {
			h := hex.EncodeToString(v.ByteArray())
			if len(h) != 32 {
				return h
			}
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		}
	}
	return plainValue
}

func instantsOf(t *format.TimestampType) func(parquet.Value) any {
	at := time.UnixMicro
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		at = time.UnixMilli
	case *format.NanoSeconds:
		at = func(n int64) time.Time { return time.Unix(0, n) }
	}
	return func(v parquet.Value) any { return at(v.Int64()).UTC().Format(time.RFC3339Nano) }
}

// unscaled is the whole number that a decimal is kept as.
func unscaled(v parquet.Value) float64 {
	switch v.Kind() {
	case parquet.Int32:
		return float64(v.Int32())
	case parquet.Int64:
		return float64(v.Int64())
	case parquet.ByteArray, parquet.FixedLenByteArray:
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 { // two's complement
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		f, _ := new(big.Float).SetInt(n).Float64()
		return f
	}
	return math.NaN()
}

// julian is the Julian day of 1970-01-01, from which the days of INT96 count.
const julian = 2_440_588

// plainValue is a value of a type that says no more than how it is kept.
func plainValue(v parquet.Value) any {
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean()
	case parquet.Int32:
		return float64(v.Int32())
	case parquet.Int64:
		n := v.Int64()
		if n > 1<<53 || n < -1<<53 { // an identifier that a number would round
			return strconv.FormatInt(n, 10)
		}
		return float64(n)
	case parquet.Int96: // an instant, as Hive and Spark wrote them: nanoseconds and day
		n := v.Int96()
		return time.Unix((int64(n[2])-julian)*86400, n.Int64()).UTC().Format(time.RFC3339Nano)
	case parquet.Float:
		return finite(float64(v.Float()))
	case parquet.Double:
		return finite(v.Double())
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return strings.ToValidUTF8(string(v.ByteArray()), "\uFFFD")
	}
	return nil
}

// finite leaves out what is no number.
func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

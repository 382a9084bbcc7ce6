package column

import (
	"encoding/json"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Has reports whether row i has a value; a collection has one when it has
// elements. Rows beyond the last have none.
func (c *Column) Has(i uint32) bool {
	if i >= c.rows {
		return false
	}
	if c.collection() {
		return c.From[i] < c.To[i]
	}
	return c.Known == nil || c.Known.Has(i)
}

// Value is the campaign value of row i; nil for none. Strings share the memory
// of the Dict. Lists and maps are made anew.
func (c *Column) Value(i uint32) any {
	if !c.Has(i) {
		return nil
	}
	switch c.Type.Kind {
	case campaign.Bool:
		return c.Bool.Has(i)
	case campaign.Number:
		return c.Num.At(i)
	case campaign.String, campaign.Ref:
		return c.Dict.String(c.Code.At(i))
	case campaign.Any:
		var v any
		_ = json.Unmarshal([]byte(c.Dict.String(c.Code.At(i))), &v) // what put marshalled
		return v
	case campaign.Date:
		return DateOf(c.Day[i])
	case campaign.Time:
		return time.UnixMicro(c.Micros[i]).UTC()
	case campaign.Duration:
		return time.Duration(c.Nanos[i])
	}
	return c.composite(i)
}

func (c *Column) composite(i uint32) any {
	switch c.Type.Kind {
	case campaign.List, campaign.Set:
		items := make([]any, 0, c.To[i]-c.From[i])
		for e := c.From[i]; e < c.To[i]; e++ {
			items = append(items, c.Elem.Value(e))
		}
		return items
	case campaign.Map:
		m := make(map[string]any, c.To[i]-c.From[i])
		for e := c.From[i]; e < c.To[i]; e++ {
			key, _ := c.Keys.Value(e).(string)
			m[key] = c.Elem.Value(e)
		}
		return m
	case campaign.Object:
		m := make(map[string]any, len(c.Fields))
		for name, f := range c.Fields {
			if f.Has(i) {
				m[name] = f.Value(i)
			}
		}
		return m
	}
	return nil
}

// Truth is the value of row i of a bool column.
func (c *Column) Truth(i uint32) expr.Truth {
	if c.Type.Kind != campaign.Bool || !c.Has(i) {
		return expr.Unknown
	}
	return expr.TruthOf(c.Bool.Has(i))
}

// DayOf is a date as days since 1970-01-01.
func DayOf(d campaign.CivilDate) int32 { return int32(d.In(time.UTC).Unix() / 86400) }

// DateOf is the date of a number of days since 1970-01-01.
func DateOf(day int32) campaign.CivilDate {
	return campaign.DateOf(time.Unix(int64(day)*86400, 0).UTC())
}

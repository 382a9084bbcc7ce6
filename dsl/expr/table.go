package expr

import (
	"maps"
	"slices"
	"sync"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// table is a catalog ready for looking up rows. It is built when first asked.
type table struct {
	catalog *campaign.Catalog
	row     campaign.Type
	once    sync.Once
	rows    map[string]map[string]any // by key, in Go form
}

// find finds a row by its key.
func (t *table) find(key string) (map[string]any, bool) {
	t.once.Do(t.build)
	row, ok := t.rows[key]
	return row, ok
}

// keys lists the keys, sorted.
func (t *table) keys() []string {
	t.once.Do(t.build)
	return slices.Sorted(maps.Keys(t.rows))
}

// build reads the rows as the catalog's types say. A cell that is not of its
// type counts as absent.
func (t *table) build() {
	t.rows = make(map[string]map[string]any, len(t.catalog.Rows))
	for _, raw := range t.catalog.Rows {
		v, err := campaign.Coerce(campaign.Of(campaign.String), raw[t.catalog.Key])
		key, ok := v.(string)
		if err != nil || !ok {
			continue
		}
		row := make(map[string]any, len(t.catalog.Columns))
		for _, column := range t.catalog.Columns {
			if v, err := campaign.Coerce(column.Type, raw[column.Name]); err == nil && v != nil {
				row[column.Name] = v
			}
		}
		t.rows[key] = row
	}
}

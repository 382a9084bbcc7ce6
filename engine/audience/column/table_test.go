package column

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/store"
)

var (
	noon   = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)
	str    = campaign.Of(campaign.String)
	number = campaign.Of(campaign.Number)
	item   = campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}, campaign.Field{Name: "price", Type: number}, campaign.Field{Name: "tags", Type: campaign.SetOf(str)})
)

// full is a plan with every type in it.
func full() Plan {
	return Plan{
		Attributes: map[string]Kept{
			"id": Whole(str), "email": Whole(str), "created_at": Whole(campaign.Of(campaign.Time)),
			"spend": Whole(number), "vip": Whole(campaign.Of(campaign.Bool)), "born": Whole(campaign.Of(campaign.Date)),
			"seen": Whole(campaign.Of(campaign.Time)), "span": Whole(campaign.Of(campaign.Duration)),
			"diet": Whole(campaign.SetOf(str)), "points": Whole(campaign.MapOf(number)), "store": Whole(campaign.RefTo("store")),
			"address": Whole(campaign.ObjectOf(campaign.Field{Name: "city", Type: str}, campaign.Field{Name: "lines", Type: campaign.ListOf(str)})),
			"other":   Whole(campaign.Of(campaign.Any)),
		},
		Events: map[string]map[string]Kept{
			"order": {"total": Whole(number), "items": Whole(campaign.ListOf(item)), "coupon": Whole(str)},
			"visit": {},
		},
		Topics: []string{"jobs", "news"}, Channels: []string{"email"}, Details: true,
	}
}

// raws are stored values, some of which fit no type or only one.
var raws = []any{
	nil, "", "x", " x ", "Zoë", "12.5", "2026-05-01", "2026-05-01T10:11:12.345678Z", "1d12h", "true", "a|b|a", 0.0, 1.0, -3.25, 1e9, 1e300, 0.1, 19.99, true, false,
	[]any{"a", "b"}, []any{"a", "a"}, []any{}, []any{"a", nil, 7.0}, map[string]any{"a": 1.0, "b": "2"}, map[string]any{"city": "Berlin", "lines": []any{"x"}}, map[string]any{"city": false},
	[]any{map[string]any{"sku": "s1", "price": 2.5, "tags": []any{"t", "u"}}, map[string]any{"sku": "s2"}}, []any{map[string]any{"price": "much"}},
}

func raw() *rapid.Generator[any] { return rapid.SampledFrom(raws) }

func payload(names ...string) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		m := map[string]any{}
		for _, name := range names {
			if v := raw().Draw(t, name); v != nil {
				m[name] = v
			}
		}
		return m
	})
}

// instants are near each other, at odd times, and equal.
var instants = []time.Time{
	noon, noon.Add(time.Second), noon.Add(time.Millisecond), noon.Add(1234567 * time.Nanosecond), noon.AddDate(-1, 0, 0), noon.AddDate(0, 0, -90),
	time.Unix(0, 0), time.Unix(-1, 0), time.Date(1899, 1, 1, 0, 0, 0, 5000, time.UTC), time.Date(2106, 2, 7, 6, 28, 13, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), {},
}

// model is a table told without columns: what records there are.
type model struct {
	records map[int64]*store.Record
	seq     int64
}

func (m *model) record(t *rapid.T, id int64) *store.Record {
	r := &store.Record{Person: store.Person{ID: id, Key: rapid.SampledFrom([]string{"", "k1", "k2"}).Draw(t, "key"), Email: rapid.SampledFrom([]string{"", "ada@example.com", "bob@example.com"}).Draw(t, "email"),
		CreatedAt:  rapid.SampledFrom(instants).Draw(t, "created"),
		Attributes: payload("spend", "vip", "born", "seen", "span", "diet", "points", "store", "address", "other").Draw(t, "attributes")}}
	if old := m.records[id]; old != nil {
		r.Events = old.Events
	}
	for _, topic := range []string{"jobs", "news"} {
		if rapid.Bool().Draw(t, topic) {
			r.Consents = append(r.Consents, store.Consent{Person: id, Topic: topic, Channel: rapid.SampledFrom([]string{"email", "sms"}).Draw(t, "channel"),
				Granted: rapid.Bool().Draw(t, "granted"), At: noon, Source: rapid.SampledFrom([]string{"", "form"}).Draw(t, "source")})
		}
	}
	if rapid.Bool().Draw(t, "suppressed") {
		r.Suppressed = []string{"email"}
	}
	return r
}

func (m *model) event(t *rapid.T, id int64) store.Event {
	m.seq++
	return store.Event{Seq: m.seq, Person: id, Name: rapid.SampledFrom([]string{"order", "visit", "unwanted"}).Draw(t, "name"),
		At: rapid.SampledFrom(instants).Draw(t, "at"), Properties: payload("total", "items", "coupon").Draw(t, "properties")}
}

// happen keeps histories as the store does: by At, then Seq.
func happen(r *store.Record, e store.Event) {
	events := map[string][]store.Event{}
	for label, list := range r.Events {
		events[label] = slices.Clone(list)
	}
	events[e.Name] = append(events[e.Name], e)
	slices.SortStableFunc(events[e.Name], func(a, b store.Event) int { return a.At.Compare(b.At) })
	r.Events = events
}

// TestTableIsWhatRecordsSay changes a table in every way, in a random order, and
// compares it with the records each time.
func TestTableIsWhatRecordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{records: map[int64]*store.Record{}}
		b := NewBuilder(full(), 3, 10)
		people := rapid.Int64Range(0, 4).Draw(t, "people")
		for id := range people {
			m.records[id+1] = m.record(t, id+1)
			b.Add(m.records[id+1])
		}
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			e := m.event(t, rapid.Int64Range(1, 5).Draw(t, "person"))
			if r := m.records[e.Person]; r != nil {
				happen(r, e)
			}
			b.Happen(&e)
		}
		table := b.Table()
		same(t, m, table)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				r := m.record(t, rapid.Int64Range(1, 8).Draw(t, "person"))
				m.records[r.ID] = r
				table.Put(r)
			},
			"happen": func(t *rapid.T) {
				id := rapid.Int64Range(1, 8).Draw(t, "person")
				if slot, ok := table.Slot(id); ok {
					e := m.event(t, id)
					happen(m.records[id], e)
					table.Happen(slot, &e)
				}
			},
			"replace": func(t *rapid.T) {
				id := rapid.Int64Range(1, 8).Draw(t, "person")
				if slot, ok := table.Slot(id); ok {
					m.records[id].Events = nil
					late := m.event(t, id)
					happen(m.records[id], late)
					happen(m.records[id], m.event(t, id))
					table.PutEvents(slot, m.records[id], m.seq-1)
					m.records[id].Events = nil
					happen(m.records[id], late)
				}
			},
			"remove": func(t *rapid.T) {
				id := rapid.Int64Range(1, 8).Draw(t, "person")
				delete(m.records, id)
				table.Remove(id)
			},
			"sweep":   func(*rapid.T) { table.Sweep() },
			"compact": func(*rapid.T) { table.Compact() },
			"sort": func(*rapid.T) {
				for _, e := range table.Events {
					e.sort(table.Len())
				}
			},
			"disk": func(t *rapid.T) {
				table.Sweep()
				var buffer bytes.Buffer
				require.NoError(t, table.Write(&buffer))
				var err error
				table, err = Read(&buffer, int64(buffer.Len()))
				require.NoError(t, err)
			},
			"graft": func(t *rapid.T) {
				other := New(full())
				for id := int64(1); id <= 9; id++ {
					r := m.records[id]
					if id == 9 {
						r = m.record(t, 9) // of whom the table has not heard
					}
					if r != nil {
						other.PutEvents(other.Put(r), r, m.seq)
					}
				}
				table.Graft(other)
			},
			"": func(t *rapid.T) { same(t, m, table) },
		})
	})
}

// same compares all that can be asked.
func same(t *rapid.T, m *model, table *Table) {
	var ids []int64
	for id := range m.records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	require.Equal(t, ids, table.People(table.Everybody()))
	for id := int64(1); id <= 8; id++ {
		slot, ok := table.Slot(id)
		r := m.records[id]
		require.Equal(t, r != nil, ok)
		if r == nil {
			continue
		}
		s := table.Subject(nil)
		s.Reset(slot, noon)
		for name, k := range table.Plan.Attributes {
			sameValue(t, k.Declared, attributeOf(r, name, k.Declared), s, name)
		}
		sameConsents(t, r, s)
		for label, props := range table.Plan.Events {
			sameEvents(t, r.Events[label], props, table.Events[label], s.Events(label), slot)
		}
	}
}

func attributeOf(r *store.Record, name string, declared campaign.Type) any {
	switch name {
	case "id", "email", "created_at":
		return attribute(&r.Person, name, declared)
	}
	v, _ := campaign.Coerce(declared, r.Attributes[name])
	return v
}

func sameValue(t *rapid.T, declared campaign.Type, want any, s *Subject, name string) {
	got, ok := s.Attribute(name)
	require.Equal(t, got != nil, ok)
	require.Equal(t, normal(declared, want), normal(declared, got), name)
}

// normal makes an absent collection an empty one, and times UTC to the microsecond.
func normal(t campaign.Type, v any) any {
	switch v := v.(type) {
	case nil:
		switch t.Kind {
		case campaign.List, campaign.Set:
			return []any{}
		case campaign.Map:
			return map[string]any{}
		}
	case time.Time:
		return v.UTC().Truncate(time.Microsecond)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = item
			if t.Elem != nil {
				out[i] = normal(*t.Elem, item)
			}
		}
		return out
	case map[string]any:
		if t.Kind != campaign.Object {
			return v
		}
		out := map[string]any{}
		for _, f := range t.Fields {
			out[f.Name] = normal(f.Type, v[f.Name])
		}
		return out
	}
	return v
}

func sameConsents(t *rapid.T, r *store.Record, s *Subject) {
	anywhere := false
	for _, topic := range []string{"jobs", "news"} {
		subscribed := slices.ContainsFunc(r.Consents, func(c store.Consent) bool { return c.Topic == topic && c.Granted })
		require.Equal(t, subscribed, s.Subscribed(topic))
		word, ok := s.Consent(topic, "email")
		at := slices.IndexFunc(r.Consents, func(c store.Consent) bool { return c.Topic == topic && c.Channel == "email" })
		require.Equal(t, at >= 0, ok)
		if ok {
			c := r.Consents[at]
			anywhere = anywhere || c.Granted
			require.Equal(t, expr.ConsentWord{Granted: c.Granted, At: c.At, Source: c.Source}, word)
		}
	}
	deliverable := r.Email != "" && len(r.Suppressed) == 0
	require.Equal(t, deliverable, s.table.Deliverable["email"].Has(s.slot))
	require.Equal(t, deliverable && anywhere, s.Reachable("email"))
}

func sameEvents(t *rapid.T, want []store.Event, props map[string]Kept, e *Events, got []expr.EventRow, slot uint32) {
	require.Len(t, got, len(want))
	newest := uint32(0)
	e.each(slot, func(row uint32) bool { newest = e.At.Sec[row]; return true })
	if int(slot) < len(e.Last) {
		require.Equal(t, newest, e.Last[slot])
	} else {
		require.Zero(t, newest)
	}
	for i := range want {
		require.True(t, want[i].At.Truncate(time.Microsecond).Equal(got[i].At), "%v is not %v", want[i].At, got[i].At)
		for name, k := range props {
			v, _ := campaign.Coerce(k.Declared, want[i].Properties[name])
			require.Equal(t, normal(k.Declared, v), normal(k.Declared, got[i].Props[name]), name)
		}
	}
}

// TestErasedIsGone looks for what a person said in all memory of a table and in
// what it writes.
func TestErasedIsGone(t *testing.T) {
	table := New(full())
	secret := func(i int) string { return fmt.Sprintf("secret-%d", i) }
	for id := int64(1); id <= 3; id++ {
		n := int(id)
		table.Put(&store.Record{Person: store.Person{ID: id, Key: secret(n), Email: secret(n), Attributes: map[string]any{
			"diet": []any{secret(n), "vegan"}, "address": map[string]any{"city": secret(n)}, "other": map[string]any{"a": secret(n)}, "points": map[string]any{secret(n): 1.0}}},
			Consents: []store.Consent{{Topic: "news", Channel: "email", Source: secret(n), Granted: true}}})
		slot, _ := table.Slot(id)
		table.Happen(slot, &store.Event{Name: "order", At: noon, Properties: map[string]any{"coupon": secret(n), "items": []any{map[string]any{"sku": secret(n), "tags": []any{secret(n)}}}}})
	}
	table.Put(&store.Record{Person: store.Person{ID: 3, Email: "former"}}) // secret-3 is a former value
	odd, _ := table.Slot(2)
	table.Happen(odd, &store.Event{Name: "order", At: time.Date(1899, 1, 1, 0, 0, 0, 0, time.UTC)})
	table.Remove(2)
	require.Empty(t, table.Events["order"].At.Odd)
	written := func() string {
		var b bytes.Buffer
		require.NoError(t, table.Write(&b))
		return b.String()
	}
	require.Contains(t, written(), secret(2), "the test would find it")
	table.Sweep()
	for _, c := range table.columns() {
		require.NotContains(t, everything(c), secret(2))
	}
	body := written()
	require.NotContains(t, body, secret(2))
	for _, c := range table.Attributes {
		require.NotContains(t, everything(c), secret(3), "a former value")
	}
	require.Contains(t, everything(table.Events["order"].Props["items"]), secret(3))
	require.Contains(t, body, secret(1))
}

func everything(c *Column) string {
	s := ""
	if c.Dict != nil {
		s = string(c.Dict.Bytes[:cap(c.Dict.Bytes)])
	}
	for _, part := range c.parts() {
		s += everything(part)
	}
	return s
}

// Damage anywhere is noticed, and nothing panics.
func TestDamage(t *testing.T) {
	table := New(full())
	for id := int64(1); id <= 3; id++ {
		table.Put(&store.Record{Person: store.Person{ID: id, Key: "k", Attributes: map[string]any{"diet": []any{"a"}, "spend": 1.5}}})
		slot, _ := table.Slot(id)
		table.Happen(slot, &store.Event{Name: "order", At: instants[id], Properties: map[string]any{"coupon": "c"}})
	}
	var b bytes.Buffer
	require.NoError(t, table.Write(&b))
	body := b.Bytes()
	for i := range body {
		damaged := slices.Clone(body)
		damaged[i] ^= 0x55
		_, err := Read(bytes.NewReader(damaged), int64(len(damaged)))
		require.Error(t, err, "byte %d", i)
	}
	for n := range body {
		_, err := Read(bytes.NewReader(body[:n]), int64(n))
		require.Error(t, err, "cut at %d", n)
	}
	_, err := Read(bytes.NewReader(append(slices.Clone(body), 0)), int64(len(body)+1))
	require.Error(t, err)
}

func TestNumbersKeepTheirBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n Numbers
		values := rapid.SliceOf(rapid.OneOf(
			rapid.Float64(), rapid.Map(rapid.IntRange(-3000000000, 3000000000), func(i int) float64 { return float64(i) }),
			rapid.Map(rapid.IntRange(-1000000, 1000000), func(i int) float64 { return float64(i) / 100 }),
			rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, 0.25, 1e-7, 19.99, 1e6 + 0.001}),
		)).Draw(t, "values")
		for i, v := range values {
			n.room()
			n.put(uint32(i), v)
		}
		for i, v := range values {
			require.Equal(t, math.Float64bits(v), math.Float64bits(n.At(uint32(i))))
		}
	})
	var prices Numbers
	for i, v := range []float64{10, 2.5, 19.99, 1234567.89} {
		prices.room()
		prices.put(uint32(i), v)
	}
	require.Nil(t, prices.F64)
	require.Equal(t, 100.0, prices.Scale)
}

func TestPlan(t *testing.T) {
	p := full()
	require.True(t, p.Covers(p))
	require.True(t, p.Covers(Plan{Attributes: map[string]Kept{"spend": Whole(number)}, Topics: []string{"news"}}))
	narrow := Plan{Events: map[string]map[string]Kept{"order": {"total": Whole(number), "items": {campaign.ListOf(item), campaign.ListOf(campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}))}}}}
	require.True(t, p.Covers(narrow))
	require.False(t, narrow.Covers(p))
	tags := Plan{Events: map[string]map[string]Kept{"order": {"items": {campaign.ListOf(item), campaign.ListOf(campaign.ObjectOf(campaign.Field{Name: "tags", Type: campaign.SetOf(str)}))}}}}
	missing := narrow.Missing(tags)
	require.Equal(t, "list(object({sku = string, tags = set(string)}))", missing.Events["order"]["items"].Kept.String())
	require.Contains(t, missing.Events["order"], "total", "an event is loaded as a whole")
	other := Plan{Attributes: map[string]Kept{"spend": Whole(str)}}
	require.False(t, p.Covers(other), "another type is another column")
}

// Who is not in what is grafted has no values, and who is only there is left out.
func TestGraftOfOthers(t *testing.T) {
	plan := Plan{Attributes: map[string]Kept{"spend": Whole(number)}, Events: map[string]map[string]Kept{"order": {"total": Whole(number)}}}
	table, other := New(Plan{}), New(plan)
	for _, id := range []int64{1, 2, 3} {
		table.Put(&store.Record{Person: store.Person{ID: id}})
	}
	for _, id := range []int64{3, 1, 4} {
		slot := other.Put(&store.Record{Person: store.Person{ID: id, Attributes: map[string]any{"spend": float64(id)}}})
		other.Happen(slot, &store.Event{At: noon, Name: "order", Properties: map[string]any{"total": float64(10 * id)}})
	}
	edition := table.Edition
	table.Graft(other)
	require.NotEqual(t, edition, table.Edition)
	require.True(t, table.Plan.Covers(plan))
	s := table.Subject(nil)
	for slot, want := range map[uint32]any{0: 1.0, 1: nil, 2: 3.0} {
		s.Reset(slot, noon)
		got, _ := s.Attribute("spend")
		require.Equal(t, want, got)
		if want == nil {
			require.Empty(t, s.Events("order"))
		} else {
			require.Len(t, s.Events("order"), 1)
		}
	}
	edition = table.Edition
	table.Prune(Plan{})
	require.Empty(t, table.Attributes)
	require.NotEqual(t, edition, table.Edition)
}

// Rows that come or go in numbers are put in order, and what is of nobody goes.
func TestTidy(t *testing.T) {
	table := New(full())
	for id := int64(1); id <= 2; id++ {
		table.Put(&store.Record{Person: store.Person{ID: id}})
	}
	e := table.Events["visit"]
	for i := range 4 * slack {
		table.Happen(uint32(i%2), &store.Event{Name: "visit", At: noon.Add(time.Duration(i) * time.Second)})
		if i%1000 == 0 {
			table.Tidy()
		}
	}
	require.NotZero(t, e.Offsets[len(e.Offsets)-1], "it has been sorted on the way")
	table.Sort()
	require.Zero(t, e.Dirty.Count())
	table.Remove(1)
	require.Equal(t, 4*slack, e.Len())
	table.Tidy()
	require.Equal(t, 2*slack, e.Len())

	long := make([]any, 3000)
	for i := range long {
		long[i] = fmt.Sprint(i % 7)
	}
	for range 4 {
		table.Put(&store.Record{Person: store.Person{ID: 2, Attributes: map[string]any{"address": map[string]any{"lines": long}}}})
		table.Tidy()
	}
	require.LessOrEqual(t, table.Attributes["address"].Fields["lines"].Elem.Len(), 2*len(long)+1024)
}

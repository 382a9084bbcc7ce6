package campaign_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
)

func TestParseDuration(t *testing.T) {
	good := map[string]time.Duration{
		"90d": 90 * 24 * time.Hour, "2d12h": 60 * time.Hour, "4h": 4 * time.Hour, "15m": 15 * time.Minute,
		"1w": 7 * 24 * time.Hour, "1w2d3h4m5s": (9*24+3)*time.Hour + 4*time.Minute + 5*time.Second, "0s": 0,
	}
	for in, want := range good {
		got, err := campaign.ParseDuration(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "d", "4", "4h2d", "1h1h", "-1d", "1.5h", "1 d", "4y", "999999999w9", "9999999999d", "999999999w"} {
		_, err := campaign.ParseDuration(in)
		require.Error(t, err, in)
	}
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 400*24*3600).Draw(t, "seconds")) * time.Second
		got, err := campaign.ParseDuration(campaign.FormatDuration(d))
		require.NoError(t, err)
		require.Equal(t, d, got)
	})
}

func types() *rapid.Generator[campaign.Type] {
	leaf := rapid.SampledFrom([]campaign.Type{
		campaign.Of(campaign.String), campaign.Of(campaign.Number), campaign.Of(campaign.Bool), campaign.Of(campaign.Date),
		campaign.Of(campaign.Time), campaign.Of(campaign.Duration), campaign.Of(campaign.Any), campaign.RefTo("store"),
	})
	return rapid.Custom(func(t *rapid.T) campaign.Type {
		typ := leaf.Draw(t, "leaf")
		for range rapid.IntRange(0, 3).Draw(t, "depth") {
			switch rapid.IntRange(0, 3).Draw(t, "wrap") {
			case 0:
				typ = campaign.ListOf(typ)
			case 1:
				typ = campaign.SetOf(typ)
			case 2:
				typ = campaign.MapOf(typ)
			case 3:
				typ = campaign.ObjectOf(campaign.Field{Name: "b", Type: typ}, campaign.Field{Name: "a", Type: leaf.Draw(t, "field"), Optional: true})
			}
		}
		return typ
	})
}

func TestTypeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := types().Draw(t, "type")
		got, err := campaign.ParseType(typ.String())
		require.NoError(t, err)
		require.Equal(t, typ.String(), got.String())
	})
}

func FuzzParseType(f *testing.F) {
	for _, s := range []string{"string", "list(object({a = set(string), b? = ref(catalog.x)}))", "map(", "object({})", "object({a=string,})"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, err := campaign.ParseType(s)
		if err != nil {
			return
		}
		again, err := campaign.ParseType(typ.String())
		require.NoError(t, err)
		require.True(t, typ.Equal(again))
	})
}

func TestCoerce(t *testing.T) {
	day := campaign.CivilDate{Year: 2026, Month: time.February, Day: 28}
	object := campaign.ObjectOf(campaign.Field{Name: "sku", Type: campaign.Of(campaign.String)}, campaign.Field{Name: "price", Type: campaign.Of(campaign.Number)})
	good := []struct {
		typ  campaign.Type
		raw  any
		want any
	}{
		{campaign.Of(campaign.String), "x", "x"},
		{campaign.Of(campaign.String), 1000041.0, "1000041"},
		{campaign.Of(campaign.Number), "4.2", 4.2},
		{campaign.Of(campaign.Number), " 7 ", 7.0},
		{campaign.Of(campaign.Number), "", nil},
		{campaign.Of(campaign.Bool), "TRUE", true},
		{campaign.Of(campaign.Date), "2026-02-28", day},
		{campaign.Of(campaign.Date), "2026-02-28T10:00:00Z", day},
		{campaign.Of(campaign.Time), "2026-02-28 10:00:00", time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC)},
		{campaign.Of(campaign.Duration), "2d", 48 * time.Hour},
		{campaign.SetOf(campaign.Of(campaign.String)), "a|b| a", []any{"a", "b"}},
		{campaign.ListOf(object), []any{map[string]any{"sku": "rye", "price": 4.0, "extra": 1.0}}, []any{map[string]any{"sku": "rye", "price": 4.0}}},
		{campaign.MapOf(campaign.Of(campaign.Number)), map[string]any{"a": "1"}, map[string]any{"a": 1.0}},
		{campaign.RefTo("store"), "mitte", "mitte"},
		{campaign.Of(campaign.Number), nil, nil},
	}
	for _, c := range good {
		got, err := campaign.Coerce(c.typ, c.raw)
		require.NoError(t, err, "%s %v", c.typ, c.raw)
		require.Equal(t, c.want, got, "%s %v", c.typ, c.raw)
	}
	bad := []struct {
		typ campaign.Type
		raw any
	}{
		{campaign.Of(campaign.Number), "four"}, {campaign.Of(campaign.Number), "NaN"}, {campaign.Of(campaign.Number), true},
		{campaign.Of(campaign.Bool), "maybe"}, {campaign.Of(campaign.Date), "28.02.2026"}, {campaign.Of(campaign.Date), "2026-02-30"},
		{campaign.Of(campaign.String), []any{}}, {campaign.ListOf(campaign.Of(campaign.Number)), []any{1.0, "x"}}, {object, "x"},
	}
	for _, c := range bad {
		_, err := campaign.Coerce(c.typ, c.raw)
		require.Error(t, err, "%s %v", c.typ, c.raw)
	}
}

func TestJSONValueCoercesBack(t *testing.T) {
	typ := campaign.ObjectOf(
		campaign.Field{Name: "day", Type: campaign.Of(campaign.Date)}, campaign.Field{Name: "at", Type: campaign.Of(campaign.Time)},
		campaign.Field{Name: "for", Type: campaign.Of(campaign.Duration)}, campaign.Field{Name: "tags", Type: campaign.SetOf(campaign.Of(campaign.String))},
	)
	value := map[string]any{
		"day": campaign.CivilDate{Year: 2024, Month: 2, Day: 29}, "at": time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		"for": 36 * time.Hour, "tags": []any{"a", "b"},
	}
	body, err := json.Marshal(campaign.JSONValue(value))
	require.NoError(t, err)
	var raw any
	require.NoError(t, json.Unmarshal(body, &raw))
	got, err := campaign.Coerce(typ, raw)
	require.NoError(t, err)
	require.Equal(t, value, got)
}

func TestCatalogInfersColumns(t *testing.T) {
	c := &campaign.Catalog{Name: "store", Key: "id"}
	err := c.Fill([]map[string]any{
		{"id": "1", "lat": "52.5", "open": "true", "since": "2001-05-01", "name": "Mitte", "mixed": "1"},
		{"id": "2", "lat": "48", "open": "false", "since": "2010-01-01", "name": "Nord", "mixed": "x"},
	})
	require.NoError(t, err)
	require.Equal(t, "object({id = string, lat = number, mixed = string, name = string, open = bool, since = date})", c.RowType().String())
	require.Equal(t, map[string]any{"id": "1", "lat": 52.5, "open": true, "since": "2001-05-01", "name": "Mitte", "mixed": "1"}, c.Rows[0])

	require.ErrorContains(t, c.Fill([]map[string]any{{"id": "1"}, {"id": "1"}}), "rows 1 and 2")
	require.ErrorContains(t, c.Fill([]map[string]any{{"name": "x"}}), "row 1 has no id")
	require.ErrorContains(t, c.Fill([]map[string]any{{"id": "1", "opening hours": "x"}}), "opening hours")
}

func TestDefinitionsRoundTrip(t *testing.T) {
	until := &campaign.Expr{Text: "step.a.opened", Type: campaign.Of(campaign.Bool), Reads: campaign.Reads{Steps: []string{"a"}}}
	journey := &campaign.Journey{
		Name: "j", OnChange: campaign.Pin,
		Trigger: campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "e", Settle: time.Hour}},
		Steps: campaign.Steps{
			&campaign.Send{Name: "a", Message: "m"},
			&campaign.Wait{Name: "w", Until: until, Timeout: time.Hour},
			&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{
				{Name: "x", When: until, Steps: campaign.Steps{&campaign.Exit{Name: "out"}}}, {Name: "else"},
			}},
		},
	}
	r := campaign.NewResource(journey, nil)
	def, err := campaign.Decode("journey", r.Body)
	require.NoError(t, err)
	require.Equal(t, journey, def)
	require.Equal(t, r.Digest, campaign.NewResource(def, nil).Digest)

	_, err = campaign.Decode("journey", []byte(`{"steps":[{"teleport":{}}]}`))
	require.ErrorContains(t, err, "upgrade the worker")
	_, err = campaign.Decode("wormhole", []byte(`{}`))
	require.Error(t, err)
}

func TestAddr(t *testing.T) {
	a := addr.New("journey", "win_back").Child("step", "survey")
	require.Equal(t, "journey.win_back.step.survey", a.String())
	require.Equal(t, "journey.win_back", a.Root().String())
	require.Equal(t, "survey", a.Last())
	require.Equal(t, "win_back", a.Name())
	for _, bad := range []string{"", "journey", "journey.", "journey.1x", "a.b.c", "journey.x y"} {
		_, err := addr.Parse(bad)
		require.Error(t, err, bad)
	}
}

func TestEveryKindIsDecoded(t *testing.T) {
	for _, kind := range campaign.Kinds() {
		def, err := campaign.Decode(kind, []byte(`{"name": "x"}`))
		require.NoError(t, err, kind)
		require.Equal(t, kind, def.Address().Kind())
	}
	_, err := campaign.Decode("spell", nil)
	require.ErrorContains(t, err, `"spell"`)
}

// Where the record is kept is told in the settings, and how to get in is not.
func TestSettingsHoldNoAddressOfTheStore(t *testing.T) {
	body, err := json.Marshal(campaign.Settings{Name: "x", Store: campaign.Store{Kind: campaign.StorePostgres, URL: campaign.Secret{Env: "HERALD_DATABASE_URL"}}})
	require.NoError(t, err)
	require.Contains(t, string(body), `"Store":{"Kind":"postgres"}`)
	require.NotContains(t, string(body), "HERALD_DATABASE_URL")
	body, err = json.Marshal(campaign.Settings{Name: "x"})
	require.NoError(t, err)
	require.NotContains(t, string(body), "Store")
}

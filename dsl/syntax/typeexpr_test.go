package syntax

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

var cartUpdated = campaign.ObjectOf(campaign.Field{Name: "cart_id", Type: campaign.Of(campaign.String)})

func resolveEvent(ref Reference) (campaign.Type, string) {
	switch strings.Join(ref.Parts, ".") {
	case "event.cart_updated":
		return cartUpdated, ""
	case "catalog.store":
		return campaign.RefTo("store"), ""
	}
	return campaign.Type{}, ""
}

// parseJSONExpr returns the expression that the string text is in JSON.
func parseJSONExpr(t *testing.T, text string) *Expr {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	p, diags := LoadFS(fstest.MapFS{"a.hcl.json": {Data: []byte(`{"b": {"x": ` + string(quoted) + `}}`)}}, ".")
	require.Empty(t, diags)
	return p.Blocks[0].Attributes[0].Expr
}

func TestType(t *testing.T) {
	for src, want := range map[string]string{
		`string`:                   "string",
		`number`:                   "number",
		`bool`:                     "bool",
		`date`:                     "date",
		`time`:                     "time",
		`duration`:                 "duration",
		`any`:                      "any",
		`(string)`:                 "string",
		`list(set(map(number)))`:   "list(set(map(number)))",
		`ref(catalog.store)`:       "ref(catalog.store)",
		`event.cart_updated`:       "object({cart_id = string})",
		`list(event.cart_updated)`: "list(object({cart_id = string}))",
		`object({})`:               "object({})",
		`object({ sku = string, "note" = optional(list(string)) })`: "object({note? = list(string), sku = string})",
	} {
		typ, diags := parseExpr(t, src).Type(resolveEvent)
		require.Empty(t, diags, src)
		require.Equal(t, want, typ.String())
		for _, text := range []string{src, "${" + src + "}"} {
			typ, diags = parseJSONExpr(t, text).Type(resolveEvent)
			require.Empty(t, diags, text)
			require.Equal(t, want, typ.String())
		}
	}
	typ, diags := (*Expr)(nil).Type(nil)
	require.Empty(t, diags)
	require.True(t, typ.IsZero())
}

func TestTypeErrors(t *testing.T) {
	for src, want := range map[string]struct{ at, says string }{
		`strin`:                           {`strin`, "Did you mean string?"},
		`integer`:                         {`integer`, "Write number."},
		`list(Boolean)`:                   {`Boolean`, "Write bool."},
		`lst(string)`:                     {`lst(string)`, "Did you mean list?"},
		`xyzzy`:                           {`xyzzy`, "Types are string"},
		`list`:                            {`list`, "Write list(string)."},
		`list()`:                          {`list()`, "one type"},
		`list(string, number)`:            {`list(string, number)`, "one type"},
		`object(string)`:                  {`string`, "braces"},
		`object({ (string) = string })`:   {`(string)`, "plain word"},
		`object({ a = optional(strng) })`: {`strng`, "Did you mean string?"},
		`optional(string)`:                {`optional(string)`, "Only the fields"},
		`ref(store)`:                      {`store`, "ref(catalog.NAME)"},
		`ref("store")`:                    {`"store"`, "ref(catalog.NAME)"},
		`ref(catalog.shop)`:               {`catalog.shop`, "no catalog"},
		`catalog.store`:                   {`catalog.store`, "no type named catalog.store"},
		`event.cart`:                      {`event.cart`, "no type named event.cart"},
		`event.cart_updated[0]`:           {`event.cart_updated[0]`, "no type"},
		`5`:                               {`5`, "A type is expected"},
		`string == number`:                {`string == number`, "A type is expected"},
	} {
		e := parseExpr(t, src)
		typ, diags := e.Type(resolveEvent)
		require.True(t, typ.IsZero())
		require.Len(t, diags, 1, src)
		require.Equal(t, want.at, quoted(e, diags[0].Subject), src)
		require.Contains(t, diags[0].Detail+diags[0].Fix, want.says)

		e = parseJSONExpr(t, src)
		_, diags = e.Type(resolveEvent)
		require.Len(t, diags, 1, src)
		if src != `5` {
			at, err := json.Marshal(want.at)
			require.NoError(t, err)
			require.Equal(t, string(at[1:len(at)-1]), quoted(e, diags[0].Subject), "in JSON: %s", src)
		}
	}
}

func TestTypeReportsAll(t *testing.T) {
	_, diags := parseExpr(t, `object({ a = strin, b = list(nmber), c = string })`).Type(nil)
	require.Len(t, diags, 2)

	_, diags = parseExpr(t, `"string"`).Type(nil)
	require.Equal(t, "Write string.", diags[0].Fix)

	for _, text := range []string{"list(", "", `"a"`, "${", "a b"} {
		_, diags = parseJSONExpr(t, text).Type(nil)
		require.Len(t, diags, 1, text)
	}
}

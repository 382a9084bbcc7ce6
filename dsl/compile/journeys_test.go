package compile_test

import (
	"encoding/json"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/link"
)

// journeysOf compiles journeys beside the base project.
func journeysOf(t *testing.T, src string) (map[string]*campaign.Journey, *campaign.Revision) {
	t.Helper()
	base, err := os.ReadFile("testdata/base.hcl")
	require.NoError(t, err)
	rev, diags, tree := compileWith(fstest.MapFS{"base.hcl": {Data: base}, "a.hcl": {Data: []byte(src)}}, compile.Options{Complete: true, Ahead: true})
	require.Empty(t, outcome(nil, diags, tree))
	out := map[string]*campaign.Journey{}
	for _, r := range rev.Resources {
		if j, ok := r.Def.(*campaign.Journey); ok {
			out[j.Name] = j
		}
	}
	return out, rev
}

// plain is a step as JSON, with expressions as their texts.
func plain(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(raw, &tree))
	raw, err = json.Marshal(onlyText(tree))
	require.NoError(t, err)
	return string(raw)
}

func onlyText(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["text"]; ok {
			return text
		}
		for k := range v {
			v[k] = onlyText(v[k])
		}
	case []any:
		for i := range v {
			v[i] = onlyText(v[i])
		}
	}
	return v
}

func TestStepsAsTheyAreStored(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/journeys-good.txtar")
	require.NoError(t, err)
	journeys, rev := journeysOf(t, string(archive.Files[0].Data))
	items := journeys["by_items"]
	require.JSONEq(t, `{"name":"t","event":{"event":"cart_updated","key":"trigger.item.sku","items":"event.items"}}`, plain(t, items.Trigger))
	require.Equal(t, campaign.Reentry{Per: campaign.PerKey, Restart: true, After: 7 * 24 * time.Hour, Allow: true}, items.Reentry)
	require.Equal(t, campaign.Restart, items.OnChange)
	require.Equal(t, 5, items.Priority)
	require.Equal(t, "events.order_completed.any()", items.GoalWhen.Text)
	require.JSONEq(t, `[{"wait":{"name":"w","delay":"days(trigger.item.price)"}},
		{"split":{"name":"s","salt":"x","arms":[
			{"name":"a","weight":2,"steps":[{"enter":{"name":"go","journey":"by_api","with":[{"input":"score","value":"3"}]}}]},
			{"name":"b","weight":1,"steps":[{"throttle":{"name":"slow","max":10,"per":60000000000}}]}]}},
		{"update":{"name":"u","set":[{"input":"age","value":"size(step.s.arm)"}]}},
		{"emit":{"name":"e","event":"order_completed"}}]`, plain(t, items.Steps))
	api := journeys["by_api"]
	require.Equal(t, "object({at = time, score? = number})", api.Trigger.API.Type().String())
	require.JSONEq(t, `[{"call":{"name":"c","method":"GET","url":"https://shop.example","timeout":10000000000,"retries":3}},
		{"subscribe":{"name":"yes","topic":"news","channel":"email","granted":true}},
		{"subscribe":{"name":"no","topic":"receipts","channel":"email","granted":false}}]`, plain(t, api.Steps))
	require.JSONEq(t, `{"name":"t","segment":{"segment":"all","leaves":true,"backfill":true}}`, plain(t, journeys["by_leaving"].Trigger))
	require.JSONEq(t, `{"name":"t","schedule":{"audience":"segment.all","schedule":{"once":"2026-12-01T08:00","timezone":"recipient"}}}`, plain(t, journeys["by_schedule"].Trigger))
	require.JSONEq(t, `[{"wait":{"name":"w","at":"profile.birthday","clock":"09:00","timezone":"recipient","window":{"from":"22:00","to":"06:00"}}}]`, plain(t, journeys["by_schedule"].Steps))

	project, err := link.Link(rev.Resources, campaign.Settings{}, campaign.Environment{})
	require.NoError(t, err)
	linked, err := project.Journey("by_items")
	require.NoError(t, err)
	require.NotNil(t, linked.Items)
	require.NotNil(t, linked.GoalWhen)
	step, ok := linked.Step("w")
	require.True(t, ok)
	require.NotNil(t, step.Delay)
	scheduled, err := project.Journey("by_schedule")
	require.NoError(t, err)
	require.NotNil(t, scheduled.Audience)
	for _, name := range []string{"by_items", "by_api", "by_schedule", "by_leaving"} {
		_, err := project.Meaning(journeys[name].Address())
		require.NoError(t, err, name)
	}
}

func TestSecretsOfCallsStayOutside(t *testing.T) {
	journeys, rev := journeysOf(t, `variable "token" {
  type      = string
  sensitive = true
  default   = "hush"
}
journey "j" {
  trigger "t" { event = event.cart_updated }
  call "c" {
    url     = "https://shop.example/x"
    headers = { Authorization = variable.token, X-Key = env("KEY"), X-Shop = "crumb" }
    body    = { cart = "trigger.event.cart_id" }
  }
}
`)
	call := journeys["j"].Steps[0].(*campaign.Call)
	require.Equal(t, map[string]string{"X-Shop": "crumb"}, call.Headers)
	require.Equal(t, map[string]campaign.Secret{"Authorization": {Variable: "token"}, "X-Key": {Env: "KEY"}}, call.Secrets)
	require.Equal(t, "POST", call.Method)
	for _, r := range rev.Resources {
		require.NotContains(t, string(r.Body), "hush")
		require.NotContains(t, string(r.Body), "from KEY")
	}
}

func TestMovedAndRemoved(t *testing.T) {
	journeys, rev := journeysOf(t, `journey "j" {
  trigger "t" { event = event.cart_updated }
  split "s" {
    arm "a" {
      wait "third" { for = "1d" }
    }
    arm "b" {}
  }
}
moved {
  from = journey.j.step.second
  to   = journey.j.step.third
}
moved {
  from = journey.j.step.first
  to   = journey.j.step.second
}
removed {
  from   = journey.old
  people = "finish"
}
removed {
  from   = journey.ancient
  people = "exit"
}
`)
	require.Equal(t, []campaign.Moved{{From: "first", To: "second"}, {From: "second", To: "third"}}, journeys["j"].Moved)
	require.Equal(t, "first", journeys["j"].Origin("third"))
	require.Equal(t, []campaign.Removal{{Journey: "ancient", People: campaign.LetExit}, {Journey: "old", People: campaign.LetFinish}}, rev.Removed)
}

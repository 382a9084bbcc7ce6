package plan_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/all"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// edit replaces text in a file of the base project; without old it adds to it.
type edit struct{ file, old, new string }

// edits are what authors do on a day; their plans are read in testdata.
var edits = map[string][]edit{
	"nothing": {},
	"wait":    {{"journeys.hcl", `for = "5d"`, `for = "3d"`}},
	"segment": {
		{"data.hcl", `within('60d').none()`, `within('45d').none()`},
		{"data.hcl", "Used to buy, and has stopped", "Used to buy"},
	},
	"message": {
		{"content.hcl", "We miss you, {{ profile.first_name }}", "{{ profile.first_name }}, your table is free"},
		{"content.hcl", `  preheader = "The first coffee is on us"` + "\n", ""},
		{"come-back.mjml", "The first coffee is on us.", "The first coffee is on us, and so is the second."},
		{"come-back.mjml", "https://bakery.example/order", "https://bakery.example/table"},
	},
	"layout": {
		{"come-back.mjml", "<mj-button ", `<mj-button background-color="#884422" `},
		{"content.hcl", "First in line.", "You first."},
	},
	"steps": {
		{"journeys.hcl", `send "hello_again"`, `send "hello_there"`},
		{"journeys.hcl", `  send "survey" { message = message.survey }`, `  exit "done" {}`},
		{"journeys.hcl", `until   = "step.reminder.opened"`, `until   = "step.reminder.opened || step.reminder.clicked"`},
		{"journeys.hcl", `timeout = "24h"`, `timeout = "2d"`},
		{"journeys.hcl", `when = "step.reminder.clicked"`, `when = "step.reminder.clicked && segment.vip"`},
		{"journeys.hcl", `settle = "4h"`, `settle = "1h"`},
	},
	"acts": {{"journeys.hcl", `journey "abandoned_cart" {`, `journey "all_steps" {
  trigger "left" { leaves = segment.vip }
  reentry { inside = "restart" }
  goal_when = "events.order_completed.any()"
  on_change = "migrate"
  priority  = 3
  split "offer" {
    arm "ten" {
      weight = 70
      update "asked" { set = { first_name = "'friend'" } }
    }
    arm "loaf" {
      weight = 30
      emit "seen" {
        event = event.order_completed
        with  = { total = "3" }
      }
    }
  }
  call "score" {
    url      = "https://shop.example/score"
    query    = { arm = "step.offer.arm" }
    body     = { id = "profile.id" }
    headers  = { Authorization = env("TOKEN"), X-Shop = "crumb" }
    response = object({ score = number })
  }
  subscribe "in" { topic = topic.offers }
  unsubscribe "out" { topic = topic.offers }
  throttle "slowly" {
    max = 100
    per = "1h"
  }
  wait "own" { for = "days(step.score.response.score)" }
  wait "day" {
    at = "date(now) + duration('3d')"
    window {
      from = "09:00"
      to   = "17:00"
      days = ["MO", "SU"]
    }
  }
  wait "hours" {
    window {
      from = "22:00"
      to   = "06:00"
    }
  }
  enter "go" {
    journey = journey.by_api
    with    = { score = "step.score.response.score" }
  }
}
journey "by_api" {
  trigger "sent" {
    api {
      input "score" { type = number }
    }
  }
  exit "done" {}
}
moved {
  from = journey.by_api.step.finished
  to   = journey.by_api.step.done
}
journey "by_item" {
  trigger "each" {
    event = event.cart_updated
    items = "event.items"
    key   = "trigger.item.name"
  }
  exit "done" {}
}
journey "by_schedule" {
  trigger "monthly" {
    audience = "segment.vip"
    schedule {
      rrule = "FREQ=MONTHLY;BYMONTHDAY=1"
      at    = "09:00"
    }
  }
  exit "done" {}
}
journey "abandoned_cart" {`}},
	"order": {
		{"journeys.hcl", `  send "survey" { message = message.survey }` + "\n", ""},
		{"journeys.hcl", `  send "hello_again"`, `  send "survey" { message = message.survey }` + "\n" + `  send "hello_again"`},
		{"content.hcl", `case "lapsed"`, `case "x"`}, {"content.hcl", `case "vip"`, `case "lapsed"`}, {"content.hcl", `case "x"`, `case "vip"`},
	},
	"backfill": {
		{"data.hcl", `within('60d').none()`, `within('45d').none()`},
		{"journeys.hcl", `enters = segment.lapsed }`, "enters = segment.lapsed\n    backfill = true\n  }"},
		{"journeys.hcl", `trigger "lapse" { `, "trigger \"lapse\" {\n    "},
	},
	"catalog": {
		{"stores.csv", "sued,Süd,8-16\n", "sued,Süd,8-18\nwest,West,7-18\nost,Ost,7-18\n"},
		{"stores.csv", "nord,Nord,7-18\n", ""},
	},
	"model": {
		{"data.hcl", `property "total" { type = number }`, "property \"total\" { type = number }\n  property \"coupon\" { type = string }"},
		{"data.hcl", `one_of = ["vegan", "gluten_free"]`, `one_of = ["vegan", "gluten_free", "nut_free"]`},
		{"data.hcl", `default = "there"`, `default = "friend"`},
		{"data.hcl", `topic "receipts" { transactional = true }`, ``},
	},
	"trait": {
		{"data.hcl", `within('90d').sum(o, o.total)"`, `within('60d').sum(o, o.total)"`},
	},
	"provider": {
		{"content.hcl", `provider "smtp" {`, "herald {\n  required_providers {\n    smtp = { source = \"builtin/mailbox\" }\n  }\n}\nprovider \"smtp\" {"},
		{"content.hcl", "  host     = \"mail.example.com\"\n  password = variable.smtp_password\n", ""},
	},
	"host":    {{"content.hcl", `"mail.example.com"`, `"smtp.example.com"`}},
	"trigger": {{"journeys.hcl", `trigger "lapse" { enters = segment.lapsed }`, `trigger "bought" { event = event.order_completed }`}},
	"schedule": {
		{"journeys.hcl", `at    = "08:00"`, `at    = "07:00"`},
		{"journeys.hcl", `audience = "topic.offers.subscribed"`, `audience = "topic.offers.subscribed && !segment.vip"`},
	},
	"gone": {{"journeys.hcl", "broadcast \"weekly\" {\n  audience = \"topic.offers.subscribed\"\n  message  = message.come_back\n  schedule {\n    rrule = \"FREQ=WEEKLY;BYDAY=TH\"\n    at    = \"08:00\"\n  }\n}\n", ""}},
}

func TestGolden(t *testing.T) {
	base, err := txtar.ParseFile("testdata/base.txtar")
	require.NoError(t, err)
	before := compiled(t, base, nil)
	for name, changes := range edits {
		t.Run(name, func(t *testing.T) { golden(t, name, planned(t, compiled(t, base, changes), live(1, before))) })
	}
	t.Run("new", func(t *testing.T) { golden(t, "new", planned(t, before, state.New(store.Live{}))) })
}

// planned is the text of a plan, with people in the segments that it moves.
func planned(t *testing.T, rev *campaign.Revision, snapshot *state.Snapshot) string {
	p, err := plan.New(rev, snapshot)
	require.NoError(t, err)
	facts := plan.Facts{
		At:         time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
		Segments:   map[string]plan.SegmentEffect{},
		Broadcasts: map[string]plan.BroadcastEffect{},
	}
	if !snapshot.Empty() {
		facts.Inside = map[string][]plan.StepPeople{"win_back": {{Step: "try_again", People: 37}, {Step: "survey", People: 1}}}
		for name, because := range plan.ChangedSegments(p, rev, snapshot) {
			facts.Segments[name] = plan.SegmentEffect{
				Because: because, Before: 412, After: 533, Enters: 121, Stays: 412, Unknown: 14,
				Sample: []plan.Sample{{Person: 17, Enters: true, Why: "events.order_completed.last().at is 47 days ago"}, {Person: 2031, Enters: true}},
			}
			facts.Ripples = []plan.Ripple{
				{Reader: addr.New("broadcast", "weekly"), Segments: []string{name}, Moves: []plan.Shift{{From: "audience", People: 121}}},
				{Reader: addr.New("content", "hero"), Segments: []string{name}, Moves: []plan.Shift{{From: "else", To: "lapsed", People: 120}, {From: "vip", People: 1}}},
				{Reader: addr.New("journey", "win_back"), Place: "exit_when", Segments: []string{name}, People: 38, Moves: []plan.Shift{{From: "stay", To: "exit", People: 4}}},
				{Reader: addr.New("journey", "win_back"), Place: "branch next", Segments: []string{name}, People: 38, Moves: []plan.Shift{{From: "", To: "clicked", People: 1}}},
			}
		}
		for _, c := range p.Changes {
			if c.Addr.Kind() == "profile" {
				facts.Unfit = []plan.Unfit{{Where: c.Addr, Name: "dietary", Before: "string", After: "set(string)", Values: 3}}
			}
		}
	}
	for _, c := range p.Changes {
		if c.Addr.Kind() == "broadcast" && c.Action != plan.Delete {
			facts.Broadcasts[c.Addr.Name()] = plan.BroadcastEffect{Matched: 2000, Consented: 1800, Reachable: 1799, Unknown: 3}
		}
	}
	p.AddPeople(rev, facts)
	var out bytes.Buffer
	require.NoError(t, plan.WriteText(&out, p, plan.TextOptions{}))
	return out.String()
}

func compiled(t *testing.T, base *txtar.Archive, changes []edit) *campaign.Revision {
	files := fstest.MapFS{}
	for _, f := range base.Files {
		text := string(f.Data)
		for _, e := range changes {
			if e.file == f.Name {
				require.Contains(t, text, e.old)
				text = strings.ReplaceAll(text, e.old, e.new)
			}
		}
		files[f.Name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, diags := syntax.LoadFS(files, ".")
	require.Empty(t, diags)
	opts := compile.Options{Name: "bakery", Complete: true, Ahead: true}
	opts.Providers = map[string]*schema.Block{}
	for _, k := range all.Kinds() {
		opts.Providers[k.Source] = k.Schema
	}
	rev, diags := compile.Compile(tree, opts)
	require.Empty(t, diags)
	return rev
}

func golden(t *testing.T, name, got string) {
	path := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update and read it")
	require.Equal(t, string(want), got)
}

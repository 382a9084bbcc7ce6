package compile_test

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// What is new in journeys can be written in JSON as well.
func TestJourneysInJSON(t *testing.T) {
	base, err := os.ReadFile("testdata/base.hcl")
	require.NoError(t, err)
	hcl := `journey "j" {
  trigger "t" {
    api {
      input "score" { type = number }
    }
  }
  split "s" {
    arm "a" {
      update "u" { set = { age = "trigger.event.score" } }
    }
    arm "b" {
      weight = 3
      wait "w" {
        for = "days(trigger.event.score)"
        window {
          from = "09:00"
          to   = "17:00"
          days = ["MO"]
        }
      }
    }
  }
  call "c" {
    url      = "https://shop.example"
    headers  = { Authorization = env("TOKEN"), X-Shop = "crumb" }
    response = object({ score = number })
  }
  enter "e" { journey = journey.k }
}
journey "k" {
  trigger "t" { leaves = segment.s }
  throttle "slow" {
    max = 3
    per = "1h"
  }
}
segment "s" { when = "has(profile.email)" }
moved {
  from = journey.j.step.old
  to   = journey.j.step.w
}
`
	json := `{
  "journey": {
    "j": {
      "trigger": { "t": { "api": { "input": { "score": { "type": "number" } } } } },
      "split": { "s": { "arm": {
        "a": { "update": { "u": { "set": { "age": "trigger.event.score" } } } },
        "b": { "weight": 3, "wait": { "w": { "for": "days(trigger.event.score)", "window": { "from": "09:00", "to": "17:00", "days": ["MO"] } } } }
      } } },
      "call": { "c": { "url": "https://shop.example", "headers": { "Authorization": "${env(\"TOKEN\")}", "X-Shop": "crumb" }, "response": "object({ score = number })" } },
      "enter": { "e": { "journey": "${journey.k}" } }
    },
    "k": { "trigger": { "t": { "leaves": "${segment.s}" } }, "throttle": { "slow": { "max": 3, "per": "1h" } } }
  },
  "segment": { "s": { "when": "has(profile.email)" } },
  "moved": { "from": "${journey.j.step.old}", "to": "${journey.j.step.w}" }
}`
	test := "test \"a b\" {\n  journey = journey.j\n  given {\n    event \"cart_updated\" { data = { cart_id = \"c\" } }\n    event \"cart_updated\" { at = \"1h\" }\n  }\n  expect { sent = [{ message = message.hello, at = \"1h\" }] }\n}\n"
	testJSON := `{ "test": { "a b": {
  "journey": "${journey.j}",
  "given": { "event": { "cart_updated": [{ "data": { "cart_id": "c" } }, { "at": "1h" }] } },
  "expect": { "sent": [{ "message": "${message.hello}", "at": "1h" }] }
} } }`
	read := func(files fstest.MapFS) (digest string, tests any) {
		files["base.hcl"] = &fstest.MapFile{Data: base}
		tree, diags := syntax.LoadFS(files, "project")
		require.Empty(t, diags)
		rev, got, diags := compile.WithTests(tree, compile.Options{Ahead: true, Providers: providers()})
		require.Empty(t, outcome(nil, diags, tree))
		for i := range got {
			got[i].Place = ""
		}
		return string(rev.Digest), got
	}
	digest, tests := read(fstest.MapFS{"a.hcl": {Data: []byte(hcl)}, "a.test.hcl": {Data: []byte(test)}})
	digestJSON, testsJSON := read(fstest.MapFS{"a.hcl.json": {Data: []byte(json)}, "a.test.hcl.json": {Data: []byte(testJSON)}})
	require.Equal(t, digest, digestJSON)
	require.Equal(t, tests, testsJSON)
}

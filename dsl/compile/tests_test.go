package compile_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

func TestTestsAreTyped(t *testing.T) {
	block, _ := schema.Root.Block("test")
	files := fstest.MapFS{"a.hcl": {Data: []byte(block.Beside + "\n")}, "a.test.hcl": {Data: []byte(block.Example + "\n")}}
	tree, diags := syntax.LoadFS(files, "project")
	require.Empty(t, diags)
	rev, tests, diags := compile.WithTests(tree, compile.Options{Complete: true, Providers: providers()})
	require.Empty(t, diags)
	require.NotNil(t, rev)
	hours := func(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }
	want := campaign.Test{
		Name: "a click is a help", Journey: "abandoned_cart", Place: "a.test.hcl:1",
		Start: time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC), Until: hours(14 * 24),
		Given: campaign.Given{
			Profile:  map[string]any{"first_name": "Ada", "dietary": []any{"vegan"}},
			Arms:     map[string]string{"offer": "ten"},
			Consents: []campaign.GivenConsent{{Topic: "news", Channel: "email", Granted: true, At: -hours(30 * 24)}},
			Events: []campaign.GivenEvent{{Event: "cart_updated", Data: map[string]any{"cart_id": "c1"}},
				{Event: "cart_updated", At: hours(2), Data: map[string]any{"cart_id": "c1"}}},
			Engagements: []campaign.Engagement{{Step: "reminder", Kind: campaign.Delivered, After: time.Minute}, {Step: "reminder", Kind: campaign.Opened, After: hours(1)},
				{Step: "reminder", Kind: campaign.Clicked, After: hours(1), Link: "https://shop.example/cart"}, {Step: "help", Kind: campaign.Bounced, After: time.Minute}},
			Answers: []campaign.GivenAnswer{{Step: "score", Status: 200, Response: map[string]any{"score": 0.7}}},
		},
		Expect: campaign.Expect{
			Sent:    []campaign.ExpectedSend{{Message: "reminder", At: new(hours(6))}, {Message: "help"}},
			Entered: new(true), Exited: new(false), Outcome: "completed",
			Attributes: map[string]any{"first_name": "Ada"}, Segments: map[string]bool{"vegans": true},
			Path: []string{"reminder", "score", "offer", "help"},
		},
	}
	require.Equal(t, []campaign.Test{want}, tests)

	delete(files, "a.test.hcl")
	alone, _, _ := compileWith(files, compile.Options{Complete: true})
	require.Equal(t, rev.Digest, alone.Digest, "tests are no part of the revision")
}

func TestNothingSentIsNotNothingSaid(t *testing.T) {
	src := "test \"a\" {\n  journey = journey.j\n  enter = \"2h\"\n  expect { sent = [] }\n}\ntest \"b\" {\n  journey = journey.j\n  expect { attributes = { first_name = null } }\n}\n"
	tree, diags := syntax.LoadFS(fstest.MapFS{
		"a.hcl":      {Data: []byte(minimal + "profile {\n  attribute \"first_name\" { type = string }\n}\nevent \"e\" {}\njourney \"j\" {\n  trigger \"t\" { event = event.e }\n  send \"s\" { message = message.m }\n}\n")},
		"b.test.hcl": {Data: []byte(src)},
	}, "project")
	require.Empty(t, diags)
	_, tests, diags := compile.WithTests(tree, compile.Options{Providers: providers()})
	require.Empty(t, diags)
	require.Len(t, tests, 2)
	require.NotNil(t, tests[0].Expect.Sent)
	require.Empty(t, tests[0].Expect.Sent)
	require.Equal(t, new(2*time.Hour), tests[0].Enter)
	require.Equal(t, campaign.TestStart, tests[0].Start)
	require.Nil(t, tests[1].Expect.Sent)
	require.Equal(t, map[string]any{"first_name": nil}, tests[1].Expect.Attributes)
}

// Package plan owns the Plan: what applying a Revision would change, for the
// project and for people. It is data; rendering and applying are verbs over it.
//
// Enters: a Revision, a Snapshot and Facts about people. Leaves: a Plan, the
// same for the same input. Refused: reading anything by itself. Personal data
// is not in a Plan either: people are counted, and named by index.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
)

// Action is what happens to a resource.
type Action string

// The actions.
const (
	NoOp    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace" // deleted and created anew: see Change.Why
	Delete  Action = "delete"
)

// Plan is what applying a Revision would do.
type Plan struct {
	Environment campaign.Environment
	Revision    campaign.Digest
	Serial      int64     // of the snapshot it was made against
	CountedAt   time.Time // instant of every number about people
	Changes     []Change  // what changes, in the order of apply; deletions last, in reverse
	Unchanged   int
	Segments    []SegmentEffect   // every segment whose meaning changes, by name
	Journeys    []JourneyEffect   // every journey that changes or reads such a segment, by name
	Broadcasts  []BroadcastEffect // every broadcast that changes, by name
	Ripples     []Ripple          // what reads a segment that changes, and whom that moves, by address
	Unfit       []Unfit           // stored values that no longer fit
	Settings    []AttributeChange // of the environment and where it runs
}

// Change is what happens to one resource.
type Change struct {
	Addr       addr.Addr
	Action     Action
	Before     campaign.Digest // "" when created
	After      campaign.Digest // "" when deleted
	Why        string          // of a Replace
	Attributes []AttributeChange
	Resource   campaign.Resource `json:"-"` // as desired; zero when deleted

	was campaign.Definition // as it is live; nil when created
}

// AttributeChange is one difference within a resource. Before and After are
// JSON values; nil where there is none.
type AttributeChange struct {
	Path   string // steps.reminder.message, items[0].name
	Before any
	After  any
}

// Empty reports whether applying would change nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Settings) == 0 }

// Count returns how many resources each action befalls.
func (p *Plan) Count(a Action) int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

// Digest identifies what was planned: the same changes against the same state.
func (p *Plan) Digest() string {
	h := sha256.New()
	fmt.Fprintln(h, p.Serial, p.Revision, p.Environment.Name, p.Environment.Deliver, p.Environment.Allow)
	for _, c := range p.Changes {
		fmt.Fprintln(h, c.Addr, c.Action, c.Before, c.After)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Summary says the counts in one line: "2 to create, 1 to update".
func (p *Plan) Summary() string {
	text := ""
	for _, a := range []Action{Create, Update, Replace, Delete} {
		if n := p.Count(a); n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d to %s", n, a)
		}
	}
	if text == "" && len(p.Settings) > 0 {
		return "settings to update"
	}
	if text == "" {
		return "no changes"
	}
	return text
}

// New compares a Revision with what is live. People are added by AddPeople.
func New(rev *campaign.Revision, live *state.Snapshot) (*Plan, error) {
	p := &Plan{Environment: rev.Environment, Revision: rev.Digest, Serial: live.Serial}
	desired := make(map[addr.Addr]bool, len(rev.Resources))
	for _, r := range rev.Resources {
		desired[r.Addr] = true
		change, err := compare(r, live)
		if err != nil {
			return nil, err
		}
		if change.Action == NoOp {
			p.Unchanged++
			continue
		}
		p.Changes = append(p.Changes, change)
	}
	p.Changes = append(p.Changes, deletions(desired, live)...)
	p.Settings = settingsChanges(rev, live)
	return p, nil
}

func compare(r campaign.Resource, live *state.Snapshot) (Change, error) {
	change := Change{Addr: r.Addr, After: r.Digest, Resource: r}
	before, ok := live.Resource(r.Addr)
	switch {
	case !ok:
		change.Action = Create
		change.Attributes = attributes(nil, r.Body)
	case before.Digest == r.Digest:
		change.Action = NoOp
	default:
		def, err := live.Definition(r.Addr)
		if err != nil {
			return change, err
		}
		change.Action, change.Before, change.was = Update, before.Digest, def
		change.Attributes = attributes(before.Body, r.Body)
		if why := replaced(def, r.Def); why != "" {
			change.Action, change.Why = Replace, why
		}
	}
	return change, nil
}

// replaced tells why a definition cannot be updated in place; "" when it can.
func replaced(before, after campaign.Definition) string {
	switch after := after.(type) {
	case *campaign.Provider:
		if b, ok := before.(*campaign.Provider); ok && b.Source != after.Source {
			return "another program delivers from now on"
		}
	case *campaign.Catalog:
		if b, ok := before.(*campaign.Catalog); ok && b.Key != after.Key {
			return "rows are told apart by another column"
		}
	case *campaign.Journey:
		if b, ok := before.(*campaign.Journey); ok && triggerKind(b) != triggerKind(after) {
			return "people come in another way"
		}
	}
	return ""
}

func triggerKind(j *campaign.Journey) string {
	switch {
	case j.Trigger.Event != nil:
		return "event"
	case j.Trigger.Segment != nil:
		return "segment"
	}
	return "date"
}

// deletions lists what is live and no longer desired, users before what they use.
func deletions(desired map[addr.Addr]bool, live *state.Snapshot) []Change {
	var out []Change
	placed := map[addr.Addr]bool{}
	var place func(store.LiveResource)
	place = func(r store.LiveResource) {
		if placed[r.Addr] {
			return
		}
		placed[r.Addr] = true
		for _, d := range r.DependsOn {
			if used, ok := live.Resource(d); ok && !desired[d] {
				place(used)
			}
		}
		out = append(out, Change{Addr: r.Addr, Action: Delete, Before: r.Digest, Attributes: attributes(r.Body, nil)})
	}
	for _, r := range live.Resources {
		if !desired[r.Addr] {
			place(r)
		}
	}
	slices.Reverse(out)
	return out
}

func settingsChanges(rev *campaign.Revision, live *state.Snapshot) []AttributeChange {
	var out []AttributeChange
	add := func(path string, before, after string) {
		if before != after {
			out = append(out, AttributeChange{Path: path, Before: orNil(before), After: orNil(after)})
		}
	}
	add("environment", live.Environment.Name, rev.Environment.Name)
	add("deliver", live.Environment.Deliver, rev.Environment.Deliver)
	add("allow", fmt.Sprint(live.Environment.Allow), fmt.Sprint(rev.Environment.Allow))
	add("site.base_url", live.Settings.BaseURL, rev.Settings.BaseURL)
	add("temporal.address", live.Settings.TemporalAddress, rev.Settings.TemporalAddress)
	add("temporal.namespace", live.Settings.Namespace, rev.Settings.Namespace)
	add("name", live.Settings.Name, rev.Settings.Name)
	return out
}

func orNil(s string) any {
	if s == "" || s == "[]" {
		return nil
	}
	return s
}

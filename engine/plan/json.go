package plan

import (
	"encoding/json"
	"io"
	"time"
)

// FormatVersion is the version of the JSON that WriteJSON writes. Members may
// be added within a major version.
const FormatVersion = "1.0"

type jsonPlan struct {
	FormatVersion string          `json:"format_version"`
	Digest        string          `json:"digest"`
	Environment   jsonEnvironment `json:"environment"`
	Serial        int64           `json:"serial"`
	CountedAt     *time.Time      `json:"counted_at,omitempty"`
	Changes       []jsonChange    `json:"resource_changes"`
	Settings      []jsonAttribute `json:"settings_changes,omitempty"`
	Segments      []jsonSegment   `json:"segments,omitempty"`
	Journeys      []jsonJourney   `json:"journeys,omitempty"`
	Broadcasts    []jsonBroadcast `json:"broadcasts,omitempty"`
	Summary       map[string]int  `json:"summary"`
	Refused       []string        `json:"refused,omitempty"`
}

type jsonEnvironment struct {
	Name    string `json:"name"`
	Deliver string `json:"deliver"`
}

type jsonChange struct {
	Address    string          `json:"address"`
	Action     Action          `json:"action"`
	Before     string          `json:"before,omitempty"`
	After      string          `json:"after,omitempty"`
	Why        string          `json:"why,omitempty"`
	Attributes []jsonAttribute `json:"attributes"`
}

type jsonAttribute struct {
	Path   string `json:"path"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

type jsonSegment struct {
	Segment string   `json:"segment"`
	Because []string `json:"because,omitempty"`
	Before  int      `json:"before"`
	After   int      `json:"after"`
	Enters  int      `json:"enters"`
	Leaves  int      `json:"leaves"`
	Unknown int      `json:"unknown"`
	Sample  []int64  `json:"sample,omitempty"`
}

type jsonJourney struct {
	Journey string         `json:"journey"`
	Action  Action         `json:"action"`
	Inside  int            `json:"inside"`
	Steps   map[string]int `json:"steps,omitempty"`
	Enters  int            `json:"segment_enters"`
	Enrols  int            `json:"enrols"`
}

type jsonBroadcast struct {
	Broadcast string `json:"broadcast"`
	Matched   int    `json:"matched"`
	Consented int    `json:"consented"`
	Reachable int    `json:"reachable"`
	Unknown   int    `json:"unknown"`
}

// WriteJSON writes all that a plan holds.
func WriteJSON(w io.Writer, p *Plan) error {
	out := jsonPlan{
		FormatVersion: FormatVersion, Digest: p.Digest(), Serial: p.Serial,
		Environment: jsonEnvironment{p.Environment.Name, p.Environment.Deliver},
		Changes:     make([]jsonChange, 0, len(p.Changes)),
		Settings:    jsonAttributes(p.Settings),
		Summary:     map[string]int{string(NoOp): p.Unchanged},
		Refused:     p.Refusals(),
	}
	if !p.CountedAt.IsZero() {
		out.CountedAt = &p.CountedAt
	}
	for _, c := range p.Changes {
		out.Changes = append(out.Changes, jsonChange{c.Addr.String(), c.Action, string(c.Before), string(c.After), c.Why, jsonAttributes(c.Attributes)})
		out.Summary[string(c.Action)]++
	}
	for _, s := range p.Segments {
		out.Segments = append(out.Segments, jsonSegment(s))
	}
	for _, j := range p.Journeys {
		steps := map[string]int{}
		for _, s := range j.Steps {
			steps[s.Step] += s.People
		}
		out.Journeys = append(out.Journeys, jsonJourney{j.Journey, j.Action, j.Inside, steps, j.Enters, j.Enrols})
	}
	for _, b := range p.Broadcasts {
		out.Broadcasts = append(out.Broadcasts, jsonBroadcast(b))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func jsonAttributes(list []AttributeChange) []jsonAttribute {
	out := make([]jsonAttribute, 0, len(list))
	for _, a := range list {
		out = append(out, jsonAttribute(a))
	}
	return out
}

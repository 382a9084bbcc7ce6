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
	Ripples       []jsonRipple    `json:"ripples,omitempty"`
	Unfit         []jsonUnfit     `json:"unfit_values,omitempty"`
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
	Segment  string       `json:"segment"`
	Because  []string     `json:"because,omitempty"`
	Spelling bool         `json:"spelling_only,omitempty"`
	Before   int          `json:"before"`
	After    int          `json:"after"`
	Enters   int          `json:"enters"`
	Leaves   int          `json:"leaves"`
	Stays    int          `json:"stays"`
	Unknown  int          `json:"unknown"`
	Sample   []jsonSample `json:"sample,omitempty"`
}

type jsonSample struct {
	Person int64  `json:"person"`
	Enters bool   `json:"enters"`
	Why    string `json:"why,omitempty"`
}

type jsonRipple struct {
	Reader   string      `json:"reader"`
	Place    string      `json:"place,omitempty"`
	Segments []string    `json:"segments"`
	People   int         `json:"people"`
	Moves    []jsonShift `json:"moves"`
}

type jsonShift struct {
	From   string `json:"from"`
	To     string `json:"to"`
	People int    `json:"people"`
}

type jsonUnfit struct {
	Where  string `json:"where"`
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
	Values int    `json:"values"`
	Stay   bool   `json:"stay,omitempty"`
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
		out.Segments = append(out.Segments, segmentJSON(s))
	}
	for _, r := range p.Ripples {
		out.Ripples = append(out.Ripples, rippleJSON(r))
	}
	for _, u := range p.Unfit {
		out.Unfit = append(out.Unfit, jsonUnfit{u.Where.String(), u.Name, u.Before, u.After, u.Values, u.Stay})
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

func segmentJSON(s SegmentEffect) jsonSegment {
	out := jsonSegment{s.Segment, s.Because, s.Spelling, s.Before, s.After, s.Enters, s.Leaves, s.Stays, s.Unknown, nil}
	for _, one := range s.Sample {
		out.Sample = append(out.Sample, jsonSample(one))
	}
	return out
}

func rippleJSON(r Ripple) jsonRipple {
	out := jsonRipple{r.Reader.String(), r.Place, r.Segments, r.People, make([]jsonShift, 0, len(r.Moves))}
	for _, m := range r.Moves {
		out.Moves = append(out.Moves, jsonShift(m))
	}
	return out
}

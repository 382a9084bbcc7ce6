package intake

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// jsonRows reads a file with one JSON object a line: calls in the shape of
// Segment, or flat objects whose members are what the columns of a CSV file are.
type jsonRows struct {
	*window
	words   *vocabulary
	kind    Kind
	unknown func(string)
	places  map[string]*place // by member
	asRow   bool              // a source reads members by name
}

// maxPlaces bounds how many different members are remembered.
const maxPlaces = 10_000

func (j *jsonRows) next() (row, error) {
	for {
		b, err := j.peek()
		if len(b) == 0 {
			return row{}, err
		}
		r := row{line: j.line}
		n := firstLine(b)
		ended := b[n-1] == '\n'
		if !ended && err != nil && !errors.Is(err, io.EOF) {
			return row{}, err // the rest of it could not be read
		}
		r.text = strings.TrimSpace(j.takeLine())
		switch {
		case !ended && err == nil:
			r.broken = tooLong()
		case !utf8.ValidString(r.text):
			r.broken = notUTF8()
		case r.text == "":
			continue
		default:
			j.decode(&r)
		}
		return r, nil
	}
}

func (j *jsonRows) decode(r *row) {
	var object map[string]any
	if err := json.Unmarshal([]byte(r.text), &object); err != nil || object == nil {
		r.broken = problemf("it is not a JSON object: a file has one to a line")
		return
	}
	if j.asRow {
		r.object = object
		return
	}
	if isCall(object) {
		r.call = &Call{}
		if err := json.Unmarshal([]byte(r.text), r.call); err != nil {
			r.broken = problemf("it is not a call")
		}
		return
	}
	for _, c := range objectCells(object, j.place) {
		if c.place.role != unknownRole {
			r.cells = append(r.cells, c)
		}
	}
}

// isCall reports whether an object says which call it is.
func isCall(object map[string]any) bool {
	kind, _ := object["type"].(string)
	return isCallType(kind)
}

func (j *jsonRows) place(name string) *place {
	p, ok := j.places[name]
	if !ok {
		p = j.words.place(j.kind, name)
		if p.role == unknownRole {
			j.unknown(name)
		}
		if len(j.places) < maxPlaces {
			j.places[name] = p
		}
	}
	return p
}

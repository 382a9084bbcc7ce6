package postgres

import (
	"math"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

// scanChunk is how many people EachRecord holds at a time.
const scanChunk = 1000

// chosen is a set of people as the condition of a query: a range of numbers, $1 to
// $2, or the list $3. Column stands for the name of the column that holds the
// number.
type chosen struct {
	where string
	args  []any
}

func between(first, last int64) chosen {
	return chosen{`COLUMN BETWEEN $1 AND $2 AND $3::bigint[] IS NULL`, []any{first, last, nil}}
}

func among(ids []int64) chosen {
	return chosen{`$1::bigint IS NULL AND $2::bigint IS NULL AND COLUMN = ANY($3::bigint[])`, []any{nil, nil, ids}}
}

func (c chosen) of(column string) string { return strings.Replace(c.where, "COLUMN", column, 1) }

func (c chosen) with(args ...any) []any { return append(slices.Clone(c.args), args...) }

// Records implements store.PeopleReader.
func (r *reader) Records(ids []int64, need store.Need) ([]store.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.people(among(ids), math.MaxInt32, need)
	if err != nil {
		return nil, err
	}
	if err := r.fill(found, among(ids), need); err != nil {
		return nil, err
	}
	byID := make(map[int64]*store.Record, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	records := make([]store.Record, 0, len(ids))
	for _, id := range ids {
		if record := byID[id]; record != nil {
			records = append(records, *record)
		}
	}
	return records, nil
}

// EachRecord implements store.PeopleReader.
func (r *reader) EachRecord(after int64, need store.Need, f func(*store.Record) error) error {
	for {
		records, err := r.people(between(after+1, math.MaxInt64), scanChunk, need)
		if err != nil || len(records) == 0 {
			return err
		}
		last := records[len(records)-1].ID
		if err := r.fill(records, between(after+1, last), need); err != nil {
			return err
		}
		for i := range records {
			if err := f(&records[i]); err != nil {
				return err
			}
		}
		after = last
	}
}

// people reads the chosen people by ascending number, with the channels that
// are closed to them.
func (r *reader) people(who chosen, limit int, need store.Need) ([]store.Record, error) {
	suppressed := `NULL`
	if need.Consents {
		suppressed = `(SELECT string_agg(channel, '|' ORDER BY channel) FROM suppressions WHERE address IN (people.email, people.phone))`
	}
	return all(r.conn, func(r *row) store.Record {
		record := store.Record{Person: readPerson(r)}
		if channels := r.text(); channels != "" {
			record.Suppressed = strings.Split(channels, "|")
		}
		return record
	}, `SELECT `+personColumns+`, `+suppressed+` FROM people WHERE `+who.of("id")+` ORDER BY id LIMIT $4`, who.with(limit)...)
}

// fill adds to records, which are ordered by number, what else is needed.
func (r *reader) fill(records []store.Record, who chosen, need store.Need) error {
	if need.AllEvents || len(need.Events) > 0 {
		if err := r.fillEvents(records, who, need); err != nil {
			return err
		}
	}
	if need.Consents {
		return r.fillConsents(records, who)
	}
	return nil
}

// bare are the labels of whose events no property is needed.
func bare(need store.Need) []string {
	labels := []string{}
	for label, names := range need.Properties {
		if len(names) == 0 {
			labels = append(labels, label)
		}
	}
	return labels
}

func (r *reader) fillEvents(records []store.Record, who chosen, need store.Need) error {
	var labels []string // nil: all
	if !need.AllEvents {
		labels = need.Events
	}
	var found []store.Event // of one person and label
	at := cursor{records: records}
	flush := func() {
		if len(found) == 0 {
			return
		}
		if record := at.of(found[0].Person); record != nil {
			if record.Events == nil {
				record.Events = map[string][]store.Event{}
			}
			record.Events[found[0].Name] = found
		}
		found = nil
	}
	query := `SELECT seq, person, name, at, received_at, message_id, imported, CASE WHEN name = ANY($4) THEN NULL ELSE properties END FROM events
		WHERE ` + who.of("person") + ` AND ($5::text[] IS NULL OR name = ANY($5)) ORDER BY person, name, at, seq`
	err := r.query(query, who.with(bare(need), labels), func(r *row) error {
		e := readEvent(r)
		e.Properties = keep(e.Properties, need, e.Name)
		if len(found) > 0 && (found[0].Person != e.Person || found[0].Name != e.Name) {
			flush()
		}
		found = append(found, e)
		return nil
	})
	flush()
	return err
}

// keep leaves the properties that are needed of an event; nil where none is.
func keep(properties map[string]any, need store.Need, label string) map[string]any {
	names, listed := need.Properties[label]
	if !listed {
		return properties
	}
	for name := range properties {
		if !slices.Contains(names, name) {
			delete(properties, name)
		}
	}
	if len(properties) == 0 {
		return nil
	}
	return properties
}

func (r *reader) fillConsents(records []store.Record, who chosen) error {
	at := cursor{records: records}
	return r.query(`SELECT `+consentColumns+` FROM consents WHERE `+who.of("person")+` ORDER BY person, topic, channel, at, id`, who.args, func(r *row) error {
		c := readConsent(r)
		record := at.of(c.Person)
		if record == nil {
			return nil
		}
		if n := len(record.Consents); n > 0 && record.Consents[n-1].Topic == c.Topic && record.Consents[n-1].Channel == c.Channel {
			record.Consents[n-1] = c // the newer one
		} else {
			record.Consents = append(record.Consents, c)
		}
		return nil
	})
}

// cursor walks along records while rows of the same order come in.
type cursor struct {
	records []store.Record
	next    int
}

// of returns the record of a person who is not before the last one asked for.
func (c *cursor) of(person int64) *store.Record {
	for c.next < len(c.records) && c.records[c.next].ID < person {
		c.next++
	}
	if c.next < len(c.records) && c.records[c.next].ID == person {
		return &c.records[c.next]
	}
	return nil
}

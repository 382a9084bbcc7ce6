package postgres

import (
	"errors"
	"slices"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/packed"
)

// Merge implements store.PeopleWriter.
func (t *tx) Merge(into, from int64) (store.Person, error) {
	p, err := t.someone(into)
	if err != nil || into == from {
		return p, err
	}
	other, err := t.someone(from)
	if err != nil {
		return p, err
	}
	return t.updatePerson(p, []*store.Person{&other}, store.Person{})
}

// takeovers move what person $2 has to person $1.
var takeovers = []string{
	`UPDATE anonymous_ids SET person = $1 WHERE person = $2`,
	`UPDATE aliases SET person = $1 WHERE person = $2`,
	`UPDATE consents SET person = $1 WHERE person = $2`,
	`UPDATE sends SET person = $1 WHERE person = $2`,
	`UPDATE enrolments SET person = $1 WHERE person = $2`,
	`INSERT INTO waits (person, event, cohort, idx) SELECT $1::bigint, event, cohort, idx FROM waits WHERE person = $2 ON CONFLICT DO NOTHING`,
	`DELETE FROM waits WHERE person = $2 AND $1 <> $2`,
	`INSERT INTO pending (journey, person, key, event, due_at) SELECT journey, $1::bigint, key, event, due_at FROM pending WHERE person = $2
		ON CONFLICT (person, journey, key) DO UPDATE SET event = greatest(pending.event, excluded.event), due_at = greatest(pending.due_at, excluded.due_at)`,
	`DELETE FROM pending WHERE person = $2 AND $1 <> $2`,
}

// absorb moves everything of a person to another and ends the first. The row of
// the survivor is left to the caller.
func (t *tx) absorb(into int64, from *store.Person) error {
	_, err := t.exec(`UPDATE events SET person = $1 WHERE person = $2`, into, from.ID)
	if err != nil {
		return err
	}
	for _, statement := range takeovers {
		if err := t.later(statement, into, from.ID); err != nil {
			return err
		}
	}
	if err := t.mergeMembers(into, from.ID); err != nil {
		return err
	}
	if err := t.later(`DELETE FROM people WHERE id = $1`, from.ID); err != nil {
		return err
	}
	for _, name := range [][2]string{{"key", from.Key}, {"email", from.Email}} {
		if name[1] == "" {
			continue
		}
		if err := t.later(`INSERT INTO aliases (kind, alias, person) VALUES ($1, $2, $3)
			ON CONFLICT (kind, alias) DO UPDATE SET person = excluded.person`, name[0], name[1], into); err != nil {
			return err
		}
	}
	t.change(from.ID, change{gone: true})
	t.change(into, change{moved: true}) // events, or memberships
	return nil
}

// mergeMembers puts `into` where `from` is, and makes the moves of the one moves of
// the other.
func (t *tx) mergeMembers(into, from int64) error {
	segments, err := t.segmentsOf(from)
	if err != nil {
		return err
	}
	if err := t.cross(segments, from, &into); err != nil {
		return err
	}
	touched, err := all(t.conn, (*row).text, `SELECT DISTINCT segment FROM moves WHERE person = $1`, from)
	if err != nil {
		return err
	}
	if err := t.later(`UPDATE moves SET person = $1 WHERE person = $2`, into, from); err != nil {
		return err
	}
	shifted, err := t.reshift(from, &into)
	if err != nil {
		return err
	}
	touched = append(touched, shifted...)
	slices.Sort(touched)
	for _, segment := range slices.Compact(touched) {
		if err := t.agree(segment, into); err != nil {
			return err
		}
	}
	return nil
}

// cross takes a person out of segments, which is no fact to be recorded, and puts
// another one there.
func (t *tx) cross(segments []string, person int64, instead *int64) error {
	var places []place
	for _, segment := range segments {
		places = append(places, placeOf(segment, person))
		if instead != nil {
			places = append(places, placeOf(segment, *instead))
		}
	}
	c, err := t.crossing(places)
	if err != nil {
		return err
	}
	for _, segment := range segments {
		c.put(segment, person, false)
		if instead != nil {
			c.put(segment, *instead, true)
		}
	}
	return c.close()
}

// agree records again the newest move that says what is so, where the newest of
// all does not.
func (t *tx) agree(segment string, person int64) error {
	inside, err := t.IsMember(segment, person)
	if err != nil {
		return err
	}
	moves, err := t.MovesOf(person, segment, 0)
	if err != nil || len(moves) == 0 || moves[0].Inside == inside {
		return err
	}
	for i := range moves {
		if moves[i].Inside == inside {
			return t.putMoves([][]any{t.moveRow(&moves[i], person)})
		}
	}
	return nil
}

// reshift takes a person out of all shifts, and puts another one there. It
// returns the segments whose shifts had the person.
func (t *tx) reshift(person int64, instead *int64) ([]string, error) {
	type found struct {
		move    int64
		inside  bool
		segment string
	}
	number, at := packed.Split(person)
	var had []found
	err := t.query(`SELECT shifts.people, move, shifts.inside, segment FROM shifts JOIN moves ON seq = move WHERE part = $1`,
		[]any{number}, func(r *row) error {
			if blob := r.blob(); packed.Has(blob, at) {
				had = append(had, found{r.int64(), r.bool(), r.text()})
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	segments := make([]string, 0, len(had))
	for _, f := range had {
		segments = append(segments, f.segment)
		if err := t.setShift(f.move, f.inside, person, false); err != nil {
			return nil, err
		}
		if instead == nil {
			continue
		}
		if err := t.setShift(f.move, f.inside, *instead, true); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

// setShift puts a person into one side of a shift, or takes the person out.
func (t *tx) setShift(move int64, inside bool, person int64, in bool) error {
	number, at := packed.Split(person)
	blob, err := one(t.conn, (*row).blob, `SELECT people FROM shifts WHERE part = $1 AND move = $2 AND inside = $3`, number, move, inside)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	part, err := packed.Decode(blob)
	if err != nil {
		return err
	}
	if in {
		part.Add(at)
	} else {
		part.Remove(at)
	}
	if blob = part.Encode(); blob == nil {
		return t.later(`DELETE FROM shifts WHERE part = $1 AND move = $2 AND inside = $3`, number, move, inside)
	}
	return t.later(`INSERT INTO shifts (part, move, inside, people) VALUES ($1, $2, $3, $4)
		ON CONFLICT (part, move, inside) DO UPDATE SET people = excluded.people`, number, move, inside, blob)
}

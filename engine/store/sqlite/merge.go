package sqlite

import (
	"errors"
	"fmt"
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

// someone is a person who must be there.
func (t *tx) someone(id int64) (store.Person, error) {
	p, err := t.Person(id)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("person %d: %w", id, err)
	}
	return p, err
}

// takeovers move what person ?2 has to person ?1.
var takeovers = []string{
	`UPDATE person_events SET person = ?1 WHERE person = ?2`,
	`UPDATE anonymous_ids SET person = ?1 WHERE person = ?2`,
	`UPDATE aliases SET person = ?1 WHERE person = ?2`,
	`UPDATE consents SET person = ?1 WHERE person = ?2`,
	`UPDATE sends SET person = ?1 WHERE person = ?2`,
	`UPDATE enrolments SET person = ?1 WHERE person = ?2`,
	`UPDATE waits SET person = ?1 WHERE person = ?2`,
	`INSERT INTO pending (journey, person, key, event, due_at) SELECT journey, ?1, key, event, due_at FROM pending WHERE person = ?2
		ON CONFLICT DO UPDATE SET event = max(event, excluded.event), due_at = max(due_at, excluded.due_at)`,
	`DELETE FROM pending WHERE person = ?2 AND ?1 <> ?2`,
}

// absorb moves everything of a person to another and ends the first. The row of
// the survivor is left to the caller.
func (t *tx) absorb(into int64, from *store.Person) error {
	_, err := t.exec(`UPDATE events SET person = ?1 WHERE seq IN (SELECT seq FROM person_events WHERE person = ?2)`, into, from.ID)
	if err != nil {
		return err
	}
	for _, statement := range takeovers {
		if _, err := t.exec(statement, into, from.ID); err != nil {
			return err
		}
	}
	if err := t.mergeMembers(into, from.ID); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM people WHERE id = ?`, from.ID); err != nil {
		return err
	}
	for kind, alias := range map[string]string{"key": from.Key, "email": from.Email} {
		if alias == "" {
			continue
		}
		if _, err := t.exec(`INSERT INTO aliases (kind, alias, person) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET person = excluded.person`, kind, alias, into); err != nil {
			return err
		}
	}
	delete(t.alive, from.ID)
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
	c := t.crossing()
	for _, segment := range segments {
		if _, err := c.put(segment, into, true); err != nil {
			return err
		}
		if _, err := c.put(segment, from, false); err != nil {
			return err
		}
	}
	if err := c.close(); err != nil {
		return err
	}
	touched, err := all(t.conn, (*row).int64, `SELECT DISTINCT segment FROM moves WHERE person = ?`, from)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE moves SET person = ? WHERE person = ?`, into, from); err != nil {
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

// segmentsOf are the segments that a person is inside of.
func (r *reader) segmentsOf(person int64) ([]int64, error) {
	part, at := packed.Split(person)
	var inside []int64
	err := r.query(`SELECT segment, people FROM members WHERE part = ?`, []any{part}, func(r *row) error {
		if segment := r.int64(); packed.Has(r.blob(), at) {
			inside = append(inside, segment)
		}
		return nil
	})
	return inside, err
}

// agree records again the newest move that says what is so, where the newest of
// all does not.
func (t *tx) agree(segment, person int64) error {
	number, at := packed.Split(person)
	part, err := t.part(number, segment)
	if err != nil {
		return err
	}
	moves, err := t.movesOf(person, segment, 0)
	if err != nil || len(moves) == 0 || moves[0].Inside == part.Has(at) {
		return err
	}
	for i := range moves {
		if moves[i].Inside == part.Has(at) {
			m, err := t.moveRow(&moves[i])
			if err != nil {
				return err
			}
			return t.recordMoves([]moveRow{m})
		}
	}
	return nil
}

// reshift takes a person out of all shifts, and puts another one there. It
// returns the segments whose shifts had the person.
func (t *tx) reshift(person int64, instead *int64) ([]int64, error) {
	number, at := packed.Split(person)
	var had []side
	err := t.query(`SELECT people, segment, move, inside FROM shifts WHERE part = ?`, []any{number}, func(r *row) error {
		if blob := r.blob(); packed.Has(blob, at) {
			had = append(had, side{r.int64(), r.int64(), r.bool()})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	segments := make([]int64, 0, len(had))
	for _, s := range had {
		segments = append(segments, s.segment)
		if err := t.setShift(s, person, false); err != nil {
			return nil, err
		}
		if instead == nil {
			continue
		}
		if err := t.setShift(s, *instead, true); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

// setShift puts a person into one side of a shift, or takes the person out.
func (t *tx) setShift(s side, person int64, in bool) error {
	number, at := packed.Split(person)
	blob, err := one(t.conn, (*row).blob, `SELECT people FROM shifts WHERE part = ? AND segment = ? AND move = ? AND inside = ?`,
		number, s.segment, s.move, s.inside)
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
		_, err = t.exec(`DELETE FROM shifts WHERE part = ? AND segment = ? AND move = ? AND inside = ?`, number, s.segment, s.move, s.inside)
	} else {
		_, err = t.exec(`INSERT INTO shifts (part, segment, move, inside, people) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET people = excluded.people`, number, s.segment, s.move, s.inside, blob)
	}
	return err
}

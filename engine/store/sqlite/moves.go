package sqlite

import (
	"errors"
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/packed"
)

const day = 24 * time.Hour

// days counts crossings by segment and day.
type days map[segmentDay]*store.SegmentDay

type segmentDay struct{ segment, day int64 }

func (d days) add(segment int64, at time.Time, entered, left int64) {
	key := segmentDay{segment, dayOf(at)}
	if d[key] == nil {
		d[key] = &store.SegmentDay{}
	}
	d[key].Entered += entered
	d[key].Left += left
}

// dayOf is the number of the day since 1970, in UTC.
func dayOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	n := at.UnixMicro() / day.Microseconds()
	if at.UnixMicro() < 0 && at.UnixMicro()%day.Microseconds() != 0 {
		n--
	}
	return n
}

func (t *tx) countDays(d days) error {
	for key, n := range d {
		if _, err := t.exec(`INSERT INTO segment_days (segment, day, entered, leaving) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET entered = entered + excluded.entered, leaving = leaving + excluded.leaving`,
			key.segment, key.day, n.Entered, n.Left); err != nil {
			return err
		}
	}
	return nil
}

// SegmentDays implements store.JourneyReader.
func (r *reader) SegmentDays(segment string, from time.Time) ([]store.SegmentDay, error) {
	since := int64(math.MinInt64)
	if !from.IsZero() {
		since = dayOf(from)
	}
	return all(r.conn, func(r *row) store.SegmentDay {
		return store.SegmentDay{Day: time.Unix(r.int64()*86400, 0).UTC(), Entered: r.int64(), Left: r.int64()}
	}, `SELECT day, entered, leaving FROM segment_days WHERE segment = (SELECT id FROM words WHERE word = ?) AND day >= ? ORDER BY day`, segment, since)
}

// MoveMembers implements store.JourneyWriter.
func (t *tx) MoveMembers(moves []store.Move) error {
	c, d := t.crossing(), days{}
	fresh := make([]moveRow, 0, len(moves))
	for i := range moves {
		m, err := t.moveRow(&moves[i])
		if err != nil {
			return err
		}
		changed, err := c.put(m.segment, m.Person, m.Inside)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		fresh = append(fresh, m)
		if m.Inside {
			d.add(m.segment, m.At, 1, 0)
		} else {
			d.add(m.segment, m.At, 0, 1)
		}
	}
	if err := t.recordMoves(fresh); err != nil {
		return err
	}
	if err := c.close(); err != nil {
		return err
	}
	return t.countDays(d)
}

// moveRow is a move with the numbers of its words.
type moveRow struct {
	*store.Move
	segment, definition, cause int64
}

func (t *tx) moveRow(m *store.Move) (moveRow, error) {
	r := moveRow{Move: m}
	for _, w := range []struct {
		id   *int64
		word string
	}{{&r.segment, m.Segment}, {&r.definition, string(m.Definition)}, {&r.cause, string(m.Cause)}} {
		id, err := t.word(w.word)
		if err != nil {
			return r, err
		}
		*w.id = id
	}
	return r, nil
}

// recordMoves adds moves, each of one person.
func (t *tx) recordMoves(moves []moveRow) error {
	last, err := t.drawn("moves")
	if err != nil {
		return err
	}
	_, err = t.execMany(`INSERT OR FAIL INTO moves (`+moveRowColumns+`) VALUES`, 9, len(moves), func(args []any, i int) []any {
		m := &moves[i]
		return append(args, last+int64(i)+1, m.segment, m.Person, m.Inside, m.At, m.definition, m.cause, m.Ref, orNoBlob(m.Operands))
	})
	return err
}

const moveRowColumns = `seq, segment, person, inside, at, definition, cause, ref, operands`

func orNoBlob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// ShiftMembers implements store.JourneyWriter.
func (t *tx) ShiftMembers(s store.Shift) error {
	segment, err := t.word(s.Segment)
	if err != nil {
		return err
	}
	c := t.crossing()
	entered, err := c.putAll(segment, s.Enter, true)
	if err != nil {
		return err
	}
	left, err := c.putAll(segment, s.Leave, false)
	if err != nil || entered.n+left.n == 0 {
		return err
	}
	if err := c.close(); err != nil {
		return err
	}
	m, err := t.moveRow(&store.Move{Segment: s.Segment, At: s.At, Definition: s.Definition, Cause: s.Cause, Ref: s.Ref})
	if err != nil {
		return err
	}
	move, err := t.insert(`INSERT INTO moves (segment, person, inside, at, definition, cause, ref) VALUES (?, NULL, 0, ?, ?, ?, ?)`,
		m.segment, m.At, m.definition, m.cause, m.Ref)
	if err != nil {
		return err
	}
	if err := t.recordShift(side{segment, move, true}, entered); err != nil {
		return err
	}
	if err := t.recordShift(side{segment, move, false}, left); err != nil {
		return err
	}
	if s.Cause == store.ByStart { // they were there before
		return nil
	}
	d := days{}
	d.add(segment, s.At, entered.n, left.n)
	return t.countDays(d)
}

// crowd is a set of people in parts.
type crowd struct {
	parts map[int64]*packed.Part
	n     int64
}

// putAll puts people in or takes them out, and returns for whom that was news.
func (c *crossing) putAll(segment int64, people []int64, inside bool) (crowd, error) {
	news := crowd{parts: map[int64]*packed.Part{}}
	for _, person := range people {
		changed, err := c.put(segment, person, inside)
		if err != nil {
			return news, err
		}
		if !changed {
			continue
		}
		number, at := packed.Split(person)
		if news.parts[number] == nil {
			news.parts[number] = &packed.Part{}
		}
		news.parts[number].Add(at)
		news.n++
	}
	return news, nil
}

// side is one side of a shift: who entered, or who left.
type side struct {
	segment, move int64
	inside        bool
}

func (t *tx) recordShift(s side, who crowd) error {
	for number, part := range who.parts {
		if _, err := t.exec(`INSERT INTO shifts (part, segment, move, inside, people) VALUES (?, ?, ?, ?, ?)`,
			number, s.segment, s.move, s.inside, part.Encode()); err != nil {
			return err
		}
	}
	return nil
}

const moveColumns = `moves.seq, s.word, moves.at, d.word, c.word, moves.ref, moves.operands`

const moveWords = ` JOIN words s ON s.id = moves.segment JOIN words d ON d.id = moves.definition JOIN words c ON c.id = moves.cause`

func readMove(r *row, person int64) store.Move {
	m := store.Move{
		Seq: r.int64(), Segment: r.text(), Person: person, At: r.time(), Definition: campaign.Digest(r.text()),
		Cause: store.Cause(r.text()), Ref: r.int64(),
	}
	m.Operands = r.blob()
	return m
}

// MovesOf implements store.JourneyReader.
func (r *reader) MovesOf(person int64, segment string, limit int) ([]store.Move, error) {
	if segment == "" {
		return r.movesOf(person, 0, limit)
	}
	id, err := r.wordID(segment)
	if err != nil || id == 0 {
		return nil, err
	}
	return r.movesOf(person, id, limit)
}

// movesOf goes through the moves of the person and the shifts of the person's
// part, both from the newest down.
func (r *reader) movesOf(person, segment int64, limit int) ([]store.Move, error) {
	own, err := all(r.conn, func(r *row) store.Move {
		inside := r.bool()
		m := readMove(r, person)
		m.Inside = inside
		return m
	}, `SELECT moves.inside, `+moveColumns+` FROM moves`+moveWords+`
		WHERE moves.person = ?1 AND (?2 = 0 OR moves.segment = ?2) ORDER BY moves.seq DESC LIMIT ?3`, person, segment, noLimit(limit))
	if err != nil {
		return nil, err
	}
	shifted, err := r.shiftsOf(person, segment, limit)
	if err != nil {
		return nil, err
	}
	return newest(own, shifted, limit), nil
}

// shiftsOf are the moves of a person within shifts: of one segment, of all when it
// is 0.
func (r *reader) shiftsOf(person, segment int64, limit int) ([]store.Move, error) {
	part, at := packed.Split(person)
	which, args := ``, []any{part}
	if segment != 0 {
		which, args = ` AND shifts.segment = ?`, append(args, segment)
	}
	var found []store.Move
	err := r.query(`SELECT shifts.people, shifts.inside, `+moveColumns+` FROM shifts JOIN moves ON moves.seq = shifts.move`+moveWords+`
		WHERE shifts.part = ?`+which+` ORDER BY shifts.move DESC`, args, func(r *row) error {
		blob, inside := r.blob(), r.bool()
		if !packed.Has(blob, at) {
			return nil
		}
		m := readMove(r, person)
		m.Inside = inside
		found = append(found, m)
		if len(found) == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// newest merges two lists that are both from the newest down.
func newest(a, b []store.Move, limit int) []store.Move {
	if len(b) == 0 {
		return a
	}
	merged := make([]store.Move, 0, len(a)+len(b))
	for len(a)+len(b) > 0 && (limit <= 0 || len(merged) < limit) {
		if len(b) == 0 || len(a) > 0 && a[0].Seq > b[0].Seq {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return merged
}

package postgres

import (
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/packed"
)

const day = 24 * time.Hour

// days counts crossings by segment and day.
type days map[segmentDay]*store.SegmentDay

type segmentDay struct {
	segment string
	day     int64
}

func (d days) add(segment string, at time.Time, entered, left int64) {
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
		if err := t.later(`INSERT INTO segment_days (segment, day, entered, leaving) VALUES ($1, $2, $3, $4)
			ON CONFLICT (segment, day) DO UPDATE SET entered = segment_days.entered + excluded.entered, leaving = segment_days.leaving + excluded.leaving`,
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
	}, `SELECT day, entered, leaving FROM segment_days WHERE segment = $1 AND day >= $2 ORDER BY day`, segment, since)
}

// MoveMembers implements store.JourneyWriter.
func (t *tx) MoveMembers(moves []store.Move) error {
	places := make([]place, len(moves))
	for i := range moves {
		places[i] = placeOf(moves[i].Segment, moves[i].Person)
	}
	c, err := t.crossing(places)
	if err != nil {
		return err
	}
	d := days{}
	var rows [][]any
	for i := range moves {
		m := &moves[i]
		if !c.put(m.Segment, m.Person, m.Inside) {
			continue
		}
		rows = append(rows, t.moveRow(m, m.Person))
		if m.Inside {
			d.add(m.Segment, m.At, 1, 0)
		} else {
			d.add(m.Segment, m.At, 0, 1)
		}
	}
	if err := t.putMoves(rows); err != nil {
		return err
	}
	if err := c.close(); err != nil {
		return err
	}
	return t.countDays(d)
}

// moveRow is the stored form of a move, whose number is drawn; of a person, or of
// many when it is nil.
func (t *tx) moveRow(m *store.Move, person any) []any {
	var operands any
	if m.Operands != nil {
		operands = string(m.Operands)
	}
	return []any{t.draw("move", 1), m.Segment, person, m.Inside, m.At, m.Definition, string(m.Cause), m.Ref, operands}
}

func (t *tx) putMoves(rows [][]any) error {
	if len(rows) >= copyFrom {
		return t.copyIn("moves", []string{"seq", "segment", "person", "inside", "at", "definition", "cause", "ref", "operands"}, rows)
	}
	for _, row := range rows {
		if err := t.later(`INSERT INTO moves (seq, segment, person, inside, at, definition, cause, ref, operands) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, row...); err != nil {
			return err
		}
	}
	return nil
}

// ShiftMembers implements store.JourneyWriter.
func (t *tx) ShiftMembers(s store.Shift) error {
	places := make([]place, 0, len(s.Enter)+len(s.Leave))
	for _, people := range [][]int64{s.Enter, s.Leave} {
		for _, person := range people {
			places = append(places, placeOf(s.Segment, person))
		}
	}
	c, err := t.crossing(places)
	if err != nil {
		return err
	}
	entered, left := c.putAll(s.Segment, s.Enter, true), c.putAll(s.Segment, s.Leave, false)
	if entered.n+left.n == 0 {
		return nil
	}
	if err := c.close(); err != nil {
		return err
	}
	row := t.moveRow(&store.Move{Segment: s.Segment, At: s.At, Definition: s.Definition, Cause: s.Cause, Ref: s.Ref}, nil)
	move, _ := row[0].(int64)
	if err := t.putMoves([][]any{row}); err != nil {
		return err
	}
	if err := t.recordShift(move, entered, true); err != nil {
		return err
	}
	if err := t.recordShift(move, left, false); err != nil {
		return err
	}
	if s.Cause == store.ByStart { // they were there before
		return nil
	}
	d := days{}
	d.add(s.Segment, s.At, entered.n, left.n)
	return t.countDays(d)
}

// crowd is a set of people in parts.
type crowd struct {
	parts map[int64]*packed.Part
	n     int64
}

// putAll puts people in or takes them out, and returns for whom that was news.
func (c *crossing) putAll(segment string, people []int64, inside bool) crowd {
	news := crowd{parts: map[int64]*packed.Part{}}
	for _, person := range people {
		if !c.put(segment, person, inside) {
			continue
		}
		number, at := packed.Split(person)
		if news.parts[number] == nil {
			news.parts[number] = &packed.Part{}
		}
		news.parts[number].Add(at)
		news.n++
	}
	return news
}

func (t *tx) recordShift(move int64, who crowd, inside bool) error {
	for number, part := range who.parts {
		if err := t.later(`INSERT INTO shifts (part, move, inside, people) VALUES ($1, $2, $3, $4)`, number, move, inside, part.Encode()); err != nil {
			return err
		}
	}
	return nil
}

const moveColumns = `moves.seq, moves.segment, moves.at, moves.definition, moves.cause, moves.ref, moves.operands`

func readMove(r *row, person int64, inside bool) store.Move {
	return store.Move{
		Seq: r.int64(), Segment: r.text(), Person: person, Inside: inside, At: r.time(), Definition: campaign.Digest(r.text()),
		Cause: store.Cause(r.text()), Ref: r.int64(), Operands: r.blob(),
	}
}

// MovesOf implements store.JourneyReader: it goes through the moves of the person
// and the shifts of the person's part, both from the newest down.
func (r *reader) MovesOf(person int64, segment string, limit int) ([]store.Move, error) {
	own, err := all(r.conn, func(r *row) store.Move {
		inside := r.bool()
		return readMove(r, person, inside)
	}, `SELECT moves.inside, `+moveColumns+` FROM moves
		WHERE moves.person = $1 AND ($2 = '' OR moves.segment = $2) ORDER BY moves.seq DESC LIMIT $3`, person, segment, noLimit(limit))
	if err != nil {
		return nil, err
	}
	shifted, err := r.shiftsOf(person, segment, limit)
	if err != nil {
		return nil, err
	}
	return newest(own, shifted, limit), nil
}

// shiftsOf are the moves of a person within shifts.
func (r *reader) shiftsOf(person int64, segment string, limit int) ([]store.Move, error) {
	part, at := packed.Split(person)
	var found []store.Move
	err := r.query(`SELECT shifts.people, shifts.inside, `+moveColumns+` FROM shifts JOIN moves ON moves.seq = shifts.move
		WHERE shifts.part = $1 AND ($2 = '' OR moves.segment = $2) ORDER BY shifts.move DESC`, []any{part, segment}, func(r *row) error {
		blob, inside := r.blob(), r.bool()
		if packed.Has(blob, at) && (limit <= 0 || len(found) < limit) {
			found = append(found, readMove(r, person, inside))
		}
		return nil
	})
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

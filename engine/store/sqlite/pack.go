package sqlite

import (
	"github.com/herald-campaigns/herald/engine/store/packed"
)

// afterwards holds what a migration does that SQL cannot say, by version.
var afterwards = map[int]func(*conn) error{2: func(c *conn) error {
	if err := packMembers(c); err != nil {
		return err
	}
	return fillIDs(c)
}}

// packMembers puts the members of version 1, a row each, into parts.
func packMembers(c *conn) error {
	var part packed.Part
	segment, number, n := int64(0), int64(-1), 0
	flush := func() error {
		if blob := part.Encode(); blob != nil {
			if _, err := c.exec(`INSERT INTO members (part, segment, people) VALUES (?, ?, ?)`, number, segment, blob); err != nil {
				return err
			}
		}
		part = packed.Part{}
		return nil
	}
	err := c.query(`SELECT id, person FROM members_1 JOIN words ON word = segment ORDER BY segment, person`, nil, func(r *row) error {
		s, person := r.int64(), r.int64()
		p, at := packed.Split(person)
		if s != segment || p != number {
			if err := flush(); err != nil {
				return err
			}
			segment, number = s, p
		}
		part.Add(at)
		n++
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err == nil && n > 0 {
		_, err = c.exec(`INSERT INTO segment_sizes (segment, people) SELECT id, count(*) FROM members_1 JOIN words ON word = segment GROUP BY id`)
	}
	if err != nil {
		return err
	}
	return c.script(`DROP TABLE members_1`)
}

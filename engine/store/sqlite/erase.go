package sqlite

import (
	"crypto/sha256"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

// erasures forget person ?1, in an order that the references allow.
var erasures = []string{
	`DELETE FROM events WHERE seq IN (SELECT seq FROM person_events WHERE person = ?1)`,
	`DELETE FROM person_events WHERE person = ?1`,
	`DELETE FROM consents WHERE person = ?1`,
	`DELETE FROM anonymous_ids WHERE person = ?1`,
	`DELETE FROM aliases WHERE person = ?1`,
	`DELETE FROM waits WHERE person = ?1`,
	`DELETE FROM pending WHERE person = ?1`,
	`DELETE FROM moves WHERE person = ?1`,
	`UPDATE enrolments SET key = '', trigger = NULL WHERE person = ?1`,
	`UPDATE sends SET provider_id = '', reason = iif(state = 'withheld', reason, '') WHERE person = ?1`,
	`DELETE FROM people WHERE id = ?1`,
}

// Erase implements store.PeopleWriter.
func (t *tx) Erase(person int64) error {
	p, err := t.someone(person)
	if err != nil {
		return err
	}
	names, err := t.namesOf(p)
	if err != nil {
		return err
	}
	if err := t.rejectedOf(names); err != nil {
		return err
	}
	if err := t.forgetIDs(person); err != nil {
		return err
	}
	for _, statement := range erasures {
		if _, err := t.exec(statement, person); err != nil {
			return err
		}
	}
	if err := t.leaveAll(person); err != nil {
		return err
	}
	if _, err := t.reshift(person, nil); err != nil {
		return err
	}
	for _, address := range names { // no harm in one that is no address
		if err := t.hashSuppressions(address); err != nil {
			return err
		}
	}
	delete(t.alive, person)
	t.erased = true
	t.change(person, change{gone: true})
	return nil
}

// leaveAll takes a person out of all segments, which is no fact to be recorded.
func (t *tx) leaveAll(person int64) error {
	segments, err := t.segmentsOf(person)
	if err != nil {
		return err
	}
	c := t.crossing()
	for _, segment := range segments {
		if _, err := c.put(segment, person, false); err != nil {
			return err
		}
	}
	return c.close()
}

// namesOf is all that identifies a person.
func (t *tx) namesOf(p store.Person) ([]string, error) {
	names := []string{p.Key, p.Email, p.Phone}
	more, err := all(t.conn, (*row).text, `SELECT id FROM anonymous_ids WHERE person = ?1 UNION SELECT alias FROM aliases WHERE person = ?1`, p.ID)
	return append(names, more...), err
}

// rejectedOf forgets rejected rows in which one of the names stands by itself.
// A row that has a short key for another reason goes too: better one too many.
func (t *tx) rejectedOf(names []string) error {
	var ids []int64
	err := t.query(`SELECT id, body, reason FROM rejected`, nil, func(r *row) error {
		id, text := r.int64(), strings.ToLower(r.text()+" "+r.text())
		for _, name := range names {
			if name != "" && standsIn(text, strings.ToLower(name)) {
				ids = append(ids, id)
				break
			}
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	return t.Unreject(ids...)
}

// standsIn says whether a name is in text with no letter or digit next to it.
func standsIn(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		if (start == 0 || !wordByte(text[start-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		from = start + 1
	}
}

func wordByte(b byte) bool {
	return b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '_'
}

// hashSuppressions keeps suppressions of an address in force without the address,
// unless it is somebody else's too.
func (t *tx) hashSuppressions(address string) error {
	address = strings.ToLower(address)
	if address == "" {
		return nil
	}
	others, err := one(t.conn, (*row).bool, `SELECT EXISTS (SELECT 1 FROM people WHERE email = ?1) OR EXISTS (SELECT 1 FROM people WHERE phone = ?1)`, address)
	if err != nil || others {
		return err
	}
	t.noHashes = false
	if _, err := t.exec(`INSERT INTO suppressed_hashes (hash, channel, reason, at) SELECT ?2, channel, reason, at FROM suppressions WHERE address = ?1
		ON CONFLICT DO NOTHING`, address, hashOf(address)); err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM suppressions WHERE address = ?`, address)
	return err
}

// recall gives the suppressions of an address that has come back their address
// back.
func (t *tx) recall(address string) error {
	if address == "" || t.noHashes {
		return nil
	}
	some, err := one(t.conn, (*row).bool, `SELECT EXISTS (SELECT 1 FROM suppressed_hashes)`)
	if err != nil || !some {
		t.noHashes = err == nil
		return err
	}
	address = strings.ToLower(address)
	if _, err := t.exec(`INSERT INTO suppressions (address, channel, reason, at) SELECT ?1, channel, reason, at FROM suppressed_hashes WHERE hash = ?2
		ON CONFLICT DO NOTHING`, address, hashOf(address)); err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM suppressed_hashes WHERE hash = ?`, hashOf(address))
	return err
}

func hashOf(address string) []byte {
	h := sha256.Sum256([]byte(address))
	return h[:]
}

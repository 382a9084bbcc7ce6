package postgres

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

const consentColumns = `person, topic, channel, granted, at, source, proof`

func readConsent(r *row) store.Consent {
	return store.Consent{
		Person: r.int64(), Topic: r.text(), Channel: r.text(), Granted: r.bool(), At: r.time(), Source: r.text(), Proof: r.text(),
	}
}

// word is what makes two consents the same.
type word struct {
	person         int64
	topic, channel string
	granted        bool
	at             int64
}

// PutConsents implements store.PeopleWriter. All of them enter the log; which
// of them counts is asked when reading.
func (t *tx) PutConsents(consents []store.Consent) error {
	if len(consents) == 0 {
		return nil
	}
	var (
		people                         []int64
		topics, channels, from, proofs []string
		granted                        []bool
		at                             []time.Time
		seen                           = map[word]bool{}
	)
	for _, c := range consents {
		w := word{c.Person, c.Topic, c.Channel, c.Granted, instant(c.At).UnixMicro()}
		if seen[w] {
			continue
		}
		seen[w] = true
		people, topics, channels = append(people, c.Person), append(topics, c.Topic), append(channels, c.Channel)
		granted, at = append(granted, c.Granted), append(at, instant(c.At))
		from, proofs = append(from, c.Source), append(proofs, c.Proof)
	}
	if err := t.allThere(people); err != nil {
		return err
	}
	added, err := all(t.conn, (*row).int64, `INSERT INTO consents (`+consentColumns+`)
		SELECT `+consentColumns+`
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[], $6::text[], $7::text[])
			WITH ORDINALITY AS n (person, topic, channel, granted, at, source, proof, place)
		WHERE NOT EXISTS (SELECT 1 FROM consents c
			WHERE c.person = n.person AND c.topic = n.topic AND c.channel = n.channel AND c.at = n.at AND c.granted = n.granted)
		ORDER BY place RETURNING person`, people, topics, channels, granted, at, from, proofs)
	for _, person := range added {
		t.change(person, change{})
	}
	return err
}

// ConsentLog implements store.PeopleReader.
func (r *reader) ConsentLog(person int64) ([]store.Consent, error) {
	return all(r.conn, readConsent, `SELECT `+consentColumns+` FROM consents WHERE person = $1 ORDER BY at, id`, person)
}

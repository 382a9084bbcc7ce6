package sqlite

import (
	"github.com/herald-campaigns/herald/engine/store"
)

const consentColumns = `person, topic, channel, granted, at, source, proof`

func readConsent(r *row) store.Consent {
	return store.Consent{
		Person: r.int64(), Topic: r.text(), Channel: r.text(), Granted: r.bool(), At: r.time(), Source: r.text(), Proof: r.text(),
	}
}

// PutConsents implements store.PeopleWriter. All of them enter the log; which
// of them counts is asked when reading.
func (t *tx) PutConsents(consents []store.Consent) error {
	for _, c := range consents {
		if err := t.mustKnow(c.Person); err != nil {
			return err
		}
		added, err := t.exec(`INSERT INTO consents (`+consentColumns+`) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
			WHERE NOT EXISTS (SELECT 1 FROM consents WHERE person = ?1 AND topic = ?2 AND channel = ?3 AND at IS ?5 AND granted = ?4)`,
			c.Person, c.Topic, c.Channel, c.Granted, c.At, c.Source, c.Proof)
		if err != nil {
			return err
		}
		if added > 0 {
			t.change(c.Person, change{})
		}
	}
	return nil
}

// ConsentLog implements store.PeopleReader.
func (r *reader) ConsentLog(person int64) ([]store.Consent, error) {
	return all(r.conn, readConsent, `SELECT `+consentColumns+` FROM consents WHERE person = ? ORDER BY at, id`, person)
}

package postgres

import (
	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// CampaignCounts implements store.LedgerReader.
func (r *reader) CampaignCounts() ([]store.CampaignCount, error) {
	return all(r.conn, func(r *row) store.CampaignCount {
		return store.CampaignCount{
			Campaign: r.addr(), Step: r.text(), Message: r.addr(),
			Sent: r.int64(), Withheld: r.int64(), Failed: r.int64(), Unknown: r.int64(), Open: r.int64(),
			Delivered: r.int64(), Opened: r.int64(), Clicked: r.int64(), Bounced: r.int64(), Complained: r.int64(), Unsubscribed: r.int64(),
		}
	}, `SELECT campaign, step, message,
			count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'withheld'), count(*) FILTER (WHERE state = 'failed'),
			count(*) FILTER (WHERE state = 'unknown'), count(*) FILTER (WHERE state IN ('reserved', 'sending')),
			count(delivered_at), count(opened_at), count(clicked_at), count(bounced_at), count(complained_at), count(unsubscribed_at)
		FROM sends GROUP BY campaign, step, message ORDER BY campaign, step, message`)
}

// WithheldReasons implements store.LedgerReader.
func (r *reader) WithheldReasons() (map[addr.Addr]map[string]int64, error) {
	reasons := map[addr.Addr]map[string]int64{}
	err := r.query(`SELECT campaign, reason, count(*) FROM sends WHERE state = 'withheld' GROUP BY campaign, reason`, nil, func(r *row) error {
		campaign, reason, n := r.addr(), r.text(), r.int64()
		if reasons[campaign] == nil {
			reasons[campaign] = map[string]int64{}
		}
		reasons[campaign][reason] = n
		return nil
	})
	return reasons, err
}

// StepCounts implements store.JourneyReader.
func (r *reader) StepCounts() ([]store.StepCount, error) {
	return all(r.conn, func(r *row) store.StepCount {
		return store.StepCount{Journey: r.text(), Definition: campaign.Digest(r.text()), Step: r.text(), Outcome: r.text(), People: r.int64()}
	}, `SELECT cohorts.journey, definition, 
			CASE WHEN enrolments.ended_at IS NULL THEN step ELSE '' END AS at_step, CASE WHEN enrolments.ended_at IS NULL THEN '' ELSE outcome END AS how, count(*)
		FROM enrolments JOIN cohorts ON cohorts.id = cohort GROUP BY 1, 2, at_step, how ORDER BY 1, 2, at_step, how`)
}

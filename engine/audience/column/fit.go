package column

import "github.com/herald-campaigns/herald/dsl/campaign"

// fit is a stored value in its declared type, nil where it is absent or does not
// fit. Most values fit as they stand, since they were checked when they came in:
// those are not copied.
func fit(t campaign.Type, raw any) any {
	if raw == nil || campaign.Stands(t, raw) {
		return raw
	}
	v, err := campaign.Coerce(t, raw)
	if err != nil {
		return nil
	}
	return v
}

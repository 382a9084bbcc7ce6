package workflows

import "time"

// library is what workflow code looks up. It is the same on every worker.
type library struct {
	definitions Definitions
	limits      limits
}

// limits are when a run takes measures.
type limits struct {
	signals   int           // that a run takes before it continues as new
	updates   int           // the same
	heartbeat time.Duration // of silence, before an activity is given to another worker
}

// The server ends a run that has more than 10,000 signals, and refuses updates
// from 2,000 on.
var defaultLimits = limits{signals: 9000, updates: 1800, heartbeat: 35 * time.Second}

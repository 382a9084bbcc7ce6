package schedule

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// zones remembers what names mean. Names come from people's profiles, so the
// unknown ones that are remembered are bounded.
var zones struct {
	known   sync.Map // string → *time.Location; nil for an unknown name
	unknown atomic.Int64
}

const maxUnknownZones = 1000

// Zone finds an IANA time zone by name. What a machine calls local, and the
// empty name, are no zones of a campaign.
func Zone(name string) (*time.Location, bool) {
	if loc, ok := zones.known.Load(name); ok {
		loc := loc.(*time.Location)
		return loc, loc != nil
	}
	loc := loadZone(name)
	if loc != nil || zones.unknown.Add(1) <= maxUnknownZones {
		zones.known.Store(strings.Clone(name), loc)
	}
	return loc, loc != nil
}

func loadZone(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return loc
}

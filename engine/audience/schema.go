package audience

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// Schema is what a project says of people, prepared for asking many. It is
// immutable and safe for concurrent use.
type Schema struct {
	project    *link.Project
	attributes []campaign.Attribute
	index      map[string]int // name → position in attributes
	events     map[string]campaign.Type
	zone       *time.Location // of people without a valid one
	zoneFrom   string
	locale     campaign.LocaleRule
}

// NewSchema prepares a project.
func NewSchema(p *link.Project) *Schema {
	profile := p.Profile()
	s := &Schema{
		project:    p,
		attributes: profile.Attributes,
		index:      make(map[string]int, len(profile.Attributes)),
		events:     map[string]campaign.Type{},
		zone:       time.UTC,
		zoneFrom:   profile.Timezone.From,
		locale:     profile.Locale,
	}
	for i, a := range profile.Attributes {
		s.index[a.Name] = i
	}
	for _, e := range p.World().Events {
		s.events[e.Name] = campaign.ObjectOf(e.Properties...)
	}
	if zone, ok := schedule.Zone(profile.Timezone.Default); ok {
		s.zone = zone
	}
	if s.zoneFrom == "" {
		s.zoneFrom = "timezone"
	}
	if s.locale.From == "" {
		s.locale.From = "language"
	}
	return s
}

// Project is the project that the schema was made of.
func (s *Schema) Project() *link.Project { return s.project }

// DefaultZone is where people live of whom nothing valid is known.
func (s *Schema) DefaultZone() *time.Location { return s.zone }

package enrolment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// PlanBroadcast starts the issues of a broadcast that became due in (from, to]:
// one run for each local date, and, where it goes by each recipient's clock, for
// each of their zones. A run's audience is frozen when it starts. An issue starts
// once, and nobody gets it twice, even if they move house between two zones.
func (s *Service) PlanBroadcast(ctx context.Context, name string, from, to time.Time) (journey.PlanResult, error) {
	schema := s.Live.Schema()
	b, err := schema.Project().Broadcast(name)
	if err != nil {
		return journey.PlanResult{}, err
	}
	p := &issuePlan{broadcast: b, from: from, to: to, audience: map[issue][]int64{}, due: map[string][]schedule.Occurrence{}}
	if p.schedule, err = schedule.Parse(b.Def.Schedule); err != nil {
		return journey.PlanResult{}, err
	}
	if p.first, err = s.firstDay(ctx, b, p.schedule, schema); err != nil {
		return journey.PlanResult{}, err
	}
	if !p.possible() {
		return journey.PlanResult{}, nil
	}
	need := audience.NeedOf(schema.Project(), link.ReadsOf(b.Audience)...)
	if err := audience.NewScanOf(s.Store, schema).Each(ctx, need, to, p.look); err != nil {
		return journey.PlanResult{}, err
	}
	if p.strays > 0 {
		s.Log.WarnContext(ctx, "people without a valid time zone get the default", "broadcast", name, "people", p.strays)
	}
	return s.startRuns(ctx, p)
}

// issuePlan looks for the recipients of issues that are due within a window.
type issuePlan struct {
	broadcast *link.Broadcast
	schedule  *schedule.Schedule
	first     campaign.CivilDate
	from, to  time.Time

	due      map[string][]schedule.Occurrence // by zone
	audience map[issue][]int64
	strays   int // of those found, people without a valid zone
}

// issue is a run to be.
type issue struct {
	day  campaign.CivilDate
	zone string
	at   time.Time
}

// id is the run's, and its workflow's.
func (i issue) id(broadcast string) string {
	return dayPrefix(broadcast, i.day) + slug(i.zone)
}

func dayPrefix(broadcast string, day campaign.CivilDate) string {
	return "broadcast/" + broadcast + "/" + day.String() + "/"
}

// possible reports whether anybody need be looked at. An issue in one zone is
// due whether anybody gets it or not.
func (p *issuePlan) possible() bool {
	zone := p.schedule.Zone()
	if zone == nil {
		return schedule.Possible(p.schedule.Clock(), p.from, p.to)
	}
	for _, o := range p.in(zone) {
		p.audience[issue{o.Day, zone.String(), o.At}] = nil
	}
	return len(p.audience) > 0
}

func (p *issuePlan) in(zone *time.Location) []schedule.Occurrence {
	due, ok := p.due[zone.String()]
	if !ok {
		due = p.schedule.Occurrences(p.first, p.from, p.to, zone)
		p.due[zone.String()] = due
	}
	return due
}

func (p *issuePlan) look(person *audience.Person) error {
	zone, ok := p.schedule.Zone(), true
	if zone == nil {
		zone, ok = person.Zone()
	}
	due := p.in(zone)
	if len(due) == 0 || person.Test(p.broadcast.Audience) != expr.True {
		return nil
	}
	if !ok {
		p.strays++
	}
	for _, o := range due {
		i := issue{o.Day, zone.String(), o.At}
		p.audience[i] = append(p.audience[i], person.ID())
	}
	return nil
}

// firstDay is the first day of a rule that names none: that of the first apply,
// which the first tick writes down, so that later edits do not shift the rule.
func (s *Service) firstDay(ctx context.Context, b *link.Broadcast, sched *schedule.Schedule, schema *audience.Schema) (campaign.CivilDate, error) {
	zone := sched.Zone()
	if zone == nil {
		zone = schema.DefaultZone()
	}
	if !sched.Recurs() || b.Def.Schedule.Start != nil {
		return campaign.CivilDate{}, nil
	}
	cursor := "broadcast/" + b.Def.Name
	var first int64
	err := s.Store.View(ctx, func(r store.Reader) (err error) {
		first, err = r.Cursor(cursor)
		return err
	})
	if err != nil || first != 0 {
		return campaign.DateOf(time.Unix(first, 0).In(zone)), err
	}
	applied, err := s.appliedAt(ctx, b.Def.Address())
	if err != nil {
		return campaign.CivilDate{}, err
	}
	if applied.IsZero() { // removed this moment
		applied = s.Now()
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error { return tx.SetCursor(cursor, applied.Unix()) })
	return campaign.DateOf(applied.In(zone)), err
}

// startRuns creates the runs, those that are due first first.
func (s *Service) startRuns(ctx context.Context, p *issuePlan) (journey.PlanResult, error) {
	issues := make([]issue, 0, len(p.audience))
	for i := range p.audience {
		issues = append(issues, i)
	}
	slices.SortFunc(issues, func(a, b issue) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.zone, b.zone)) })
	var sum journey.PlanResult
	for _, i := range issues {
		started, people := false, 0
		err := s.Store.Update(ctx, func(tx store.Tx) (err error) {
			started, people, err = startRun(tx, p.broadcast, i, p.audience[i], p.to)
			return err
		})
		if err != nil {
			return sum, err
		}
		if started {
			sum.Started++
			sum.People += people
		}
	}
	return sum, nil
}

// startRun creates one run, unless it is there. One without recipients ends at
// once.
func startRun(tx store.Tx, b *link.Broadcast, i issue, people []int64, now time.Time) (bool, int, error) {
	id := i.id(b.Def.Name)
	if _, err := tx.Run(id); !errors.Is(err, store.ErrNotFound) {
		return false, 0, err
	}
	people, err := withoutServed(tx, b.Def.Name, i.day, people)
	if err != nil {
		return false, 0, err
	}
	run := store.Run{ID: id, Broadcast: b.Def.Name, Definition: b.Digest, DueAt: i.at, Size: len(people), CreatedAt: now}
	if err := tx.CreateRun(run, people); err != nil {
		return false, 0, err
	}
	if len(people) == 0 {
		return false, 0, tx.EndRun(id, now)
	}
	return true, len(people), enqueue(tx, journey.KindStartRun, id, now, journey.StartRun{
		Broadcast: b.Def.Name, Definition: b.Digest, Size: len(people), DueAt: i.at,
	})
}

// maxRunsADay is more than there are zones.
const maxRunsADay = 1000

// withoutServed leaves out who is in another run of the same day: they have moved
// to a zone that is due later.
func withoutServed(tx store.Tx, broadcast string, day campaign.CivilDate, people []int64) ([]int64, error) {
	runs, err := tx.Runs(broadcast, maxRunsADay)
	if err != nil {
		return nil, err
	}
	served := map[int64]bool{}
	for _, run := range runs {
		if !strings.HasPrefix(run.ID, dayPrefix(broadcast, day)) {
			continue
		}
		recipients, err := tx.Recipients(run.ID, 0, run.Size)
		if err != nil {
			return nil, err
		}
		for _, r := range recipients {
			served[r.Person] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(people), func(id int64) bool { return served[id] }), nil
}

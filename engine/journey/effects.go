package journey

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
)

// The sizes that DURABILITY.md settled.
const (
	MaxCohort = 1000 // enrolments in one run
	BatchSize = 100  // people in one sending activity
)

// What follows is what a run asks of the engine, and what it is told: the
// requests and results of effects. They end up in Temporal's history, so they
// hold indices, labels, instants and digests, and no personal data. Every
// instant is campaign time. A request may be carried out more than once; its
// effects are idempotent by cohort, step, visit and index.

// DecideRequest asks the conditions of one step, a branch or a wait, for some
// members, and the journey's exit_when with them: exit wins.
type DecideRequest struct {
	Cohort     string          `json:"cohort"` // its ID, which is the workflow's
	Definition campaign.Digest `json:"definition"`
	Step       string          `json:"step"`
	At         time.Time       `json:"at"` // `now` of the conditions; nothing after it counts
	// Register says that the members begin to wait: before anything is asked, and
	// committed before, their waits are replaced by those of this step (the events
	// that its condition or exit_when look at). So what happens after the question
	// is signalled, what happened before is seen by it, and nothing falls between.
	Register bool    `json:"register,omitempty"`
	Visit    int     `json:"visit,omitempty"` // of the members; left out, the first
	Members  Members `json:"members"`
	Facts    []Fact  `json:"facts,omitempty"`
}

// Fact tells step.X.met of a wait that the request's conditions read. For a
// member in neither set the wait was not on the way: step.X is unknown.
type Fact struct {
	Step  string  `json:"step"`
	Met   Members `json:"met,omitempty"`
	Unmet Members `json:"unmet,omitempty"`
}

// DecideResult answers a DecideRequest. A member in no set is one for whom no
// condition holds.
type DecideResult struct {
	Exited  Members `json:"exited,omitempty"`  // exit_when holds
	Reached Members `json:"reached,omitempty"` // goal_when holds: it goes before exit_when
	Gone    Members `json:"gone,omitempty"`    // the store knows them no more
	// Cases holds, for each case of a branch in the order written, the members for
	// whom it is the first that holds; the else case needs no entry. For a wait,
	// Cases[0] are those for whom `until` holds; a plain wait, which is asked for
	// exit_when alone, has none.
	Cases []Members `json:"cases,omitempty"`
	// Due is, for a wait that each member has of their own, until when: counted from
	// the request's At. Who is in none goes on at once.
	Due []Later `json:"due,omitempty"`
	// Again names instants at which an answer can change by time alone, so that
	// those members are asked again. It is optional, and looked at for waits only.
	Again []Later `json:"again,omitempty"`
}

// Later is an instant for some members.
type Later struct {
	At      time.Time `json:"at"`
	Members Members   `json:"members"`
}

// SendRequest carries out one step's effect upon at most BatchSize members: the
// message of a send, or the act of an update, subscribe, emit, call, enter or
// throttle. In that moment goal_when and exit_when are asked once more.
type SendRequest struct {
	Cohort     string          `json:"cohort"`
	Definition campaign.Digest `json:"definition"` // of the journey
	Step       string          `json:"step"`
	Visit      int             `json:"visit"` // part of the ledger's key: hash(enrolment, step, visit)
	At         time.Time       `json:"at"`    // when the step was reached; the present is the engine's own
	Members    Members         `json:"members"`
	Facts      []Fact          `json:"facts,omitempty"`
}

// SendResult tells one outcome for each index of a request; Add puts it there.
// Of an index that is missing, the run asks again later: the ledger knows what
// became of it.
type SendResult struct {
	At       time.Time `json:"at"` // when the batch was closed: waits that follow count from here
	Sent     Members   `json:"sent,omitempty"`
	Withheld Members   `json:"withheld,omitempty"`
	Failed   Members   `json:"failed,omitempty"`
	Unknown  Members   `json:"unknown,omitempty"`
	Exited   Members   `json:"exited,omitempty"`  // exit_when held: nothing was sent
	Reached  Members   `json:"reached,omitempty"` // goal_when held: likewise
	Gone     Members   `json:"gone,omitempty"`    // the store knows them no more: nothing was sent
	Retry    []Later   `json:"retry,omitempty"`   // put off: quiet hours, throttled, a transient error
}

// SendOutcome is what became of one message.
type SendOutcome uint8

// The outcomes of a message. After the first four people go on to the next step.
const (
	OutcomeSent SendOutcome = iota
	OutcomeWithheld
	OutcomeFailed
	OutcomeUnknown
	OutcomeExited
	OutcomeGone
	OutcomeReached
)

// Add notes the outcome of one index.
func (r *SendResult) Add(index int, outcome SendOutcome) {
	switch outcome {
	case OutcomeSent:
		r.Sent = r.Sent.With(index)
	case OutcomeWithheld:
		r.Withheld = r.Withheld.With(index)
	case OutcomeFailed:
		r.Failed = r.Failed.With(index)
	case OutcomeExited:
		r.Exited = r.Exited.With(index)
	case OutcomeGone:
		r.Gone = r.Gone.With(index)
	case OutcomeReached:
		r.Reached = r.Reached.With(index)
	default:
		r.Unknown = r.Unknown.With(index)
	}
}

// PutOff notes that one index is to be tried again at an instant.
func (r *SendResult) PutOff(index int, at time.Time) {
	r.Retry = addLater(r.Retry, index, at)
}

// Merge takes in the result of another batch of the same send. Who was sent to by
// one command moves on together: as of when the last of its batches was closed.
func (r *SendResult) Merge(o SendResult) {
	if r.At.Before(o.At) {
		r.At = o.At
	}
	r.Sent, r.Withheld, r.Failed = r.Sent.or(o.Sent), r.Withheld.or(o.Withheld), r.Failed.or(o.Failed)
	r.Unknown, r.Exited, r.Gone = r.Unknown.or(o.Unknown), r.Exited.or(o.Exited), r.Gone.or(o.Gone)
	r.Reached = r.Reached.or(o.Reached)
	for _, l := range o.Retry {
		for _, i := range l.Members {
			r.PutOff(i, l.At)
		}
	}
}

// AskAgain notes that the answer for one index can change at an instant.
func (r *DecideResult) AskAgain(index int, at time.Time) {
	r.Again = addLater(r.Again, index, at)
}

// WaitUntil notes until when one index waits.
func (r *DecideResult) WaitUntil(index int, at time.Time) {
	r.Due = addLater(r.Due, index, at)
}

func addLater(list []Later, index int, at time.Time) []Later {
	for i := range list {
		if list[i].At.Equal(at) {
			list[i].Members = list[i].Members.With(index)
			return list
		}
	}
	return append(list, Later{At: at.UTC(), Members: Members{index}})
}

// ProgressRequest brings the store's projection up to where people are.
type ProgressRequest struct {
	Cohort     string    `json:"cohort"`
	At         time.Time `json:"at"`
	Places     []Place   `json:"places,omitempty"`
	Unregister Members   `json:"unregister,omitempty"` // who waits for no event any more
	Ended      bool      `json:"ended,omitempty"`      // everybody has ended, and the cohort with them
}

// Place is where some members are, or how they ended.
type Place struct {
	Step    string    `json:"step,omitempty"` // where they are, or were last
	WakeAt  time.Time `json:"wake_at,omitzero"`
	EndedAt time.Time `json:"ended_at,omitzero"`
	Outcome string    `json:"outcome,omitempty"` // "finished", "exit_when", "exit <label>", "cancelled" …
	Members Members   `json:"members"`
}

// BroadcastRequest sends one issue of a broadcast to at most BatchSize
// recipients of its frozen audience. The answer is a SendResult; nobody is
// Exited.
type BroadcastRequest struct {
	Run        string          `json:"run"`
	Definition campaign.Digest `json:"definition"` // of the broadcast
	Members    Members         `json:"members"`    // indices of recipients
}

// EndRunRequest closes an issue of a broadcast.
type EndRunRequest struct {
	Run string    `json:"run"`
	At  time.Time `json:"at"`
}

// PlanRequest is the tick of a schedule: what became due in (From, To] is to be
// started. From is zero on the first tick. Ticks may overlap or be repeated:
// what they start is keyed by schedule, local date and zone.
type PlanRequest struct {
	Addr addr.Addr `json:"addr"` // broadcast.X, or journey.X with a date trigger
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to"`
}

// PlanResult says what a tick began.
type PlanResult struct {
	Started int `json:"started,omitempty"` // runs or cohorts
	People  int `json:"people,omitempty"`
}

// What follows is the payload of store.OutboxItem, by its Kind. The item's
// Workflow is the ID of the cohort or of the run.

// The kinds of outbox items.
const (
	KindStartCohort = "start-cohort" // payload: StartCohort
	KindStartRun    = "start-run"    // payload: StartRun
	KindSignal      = "signal"       // payload: Reaction
)

// StartCohort begins a cohort that stands in the store already.
type StartCohort struct {
	Journey    string          `json:"journey"`
	Definition campaign.Digest `json:"definition"`
	Size       int             `json:"size"`
	At         time.Time       `json:"at"` // when the members entered; waits count from here
}

// StartRun begins an issue of a broadcast that stands in the store already.
type StartRun struct {
	Broadcast  string          `json:"broadcast"`
	Definition campaign.Digest `json:"definition"`
	Size       int             `json:"size"`
	DueAt      time.Time       `json:"due_at"`
}

// Reaction tells a cohort that something happened which members wait for, or
// which may end them. Members are asked by a Decide. Who reads the conditions
// anyway may decide at once and save that: at Step, `until` holds for Met and
// exit_when for Exited. A member who is not waiting at Step is asked all the same.
type Reaction struct {
	Members Members `json:"members,omitempty"`
	Step    string  `json:"step,omitempty"`
	Met     Members `json:"met,omitempty"`
	Exited  Members `json:"exited,omitempty"`
	Reached Members `json:"reached,omitempty"` // goal_when holds
	// Restarted have entered anew elsewhere, and end here, wherever they are.
	Restarted Members `json:"restarted,omitempty"`
}

// CohortID is the workflow ID, and the ID in the store, of a cohort:
// journey/win_back/<id>. The id must carry no personal data.
func CohortID(name, id string) string { return "journey/" + name + "/" + id }

// EffectKey is the key of one effect upon one member, the same at each attempt:
// of the ledger, of the provider, of the event that says that it came about.
func EffectKey(cohort string, index int, step string, visit int) string {
	h := sha256.New()
	for _, part := range []string{"journey", cohort, strconv.Itoa(index), step, strconv.Itoa(visit)} {
		_, _ = h.Write(append([]byte(part), 0))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

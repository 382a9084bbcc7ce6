// Package store is the contract of herald's record: what is known of people,
// what is live, what was sent, and who is where in which journey.
//
// By role:
//   - the contract: Store, Reader, Tx
//   - people: Person, Event, Consent, Suppression, Record, Rejected; who is
//     whom is decided by Matches
//   - what is live: Live, Definition, Apply, ApplyStep
//   - sending: Send, SendState, Engagement
//   - journeys: Cohort, Enrolment, Progress, Wait, Pending
//   - segments: Move, Shift, SegmentDay; packed has the compact form of sets
//   - following: Change, for whoever keeps something derived from people
//   - broadcasts: Run, Recipient
//   - coupling: OutboxItem, and leases and cursors by name
//
// Enters: plain values with UTC instants. Leaves: the same, instants to the
// microsecond. Every implementation beneath this folder passes storetest.
// Refused: a second writer for one key, by ErrConflict; what is not there, by
// ErrNotFound, where one thing is asked for or changed. Lists are just empty.
//
// A limit that is not positive is none.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
)

// ErrNotFound says that what was asked for is not in the store.
var ErrNotFound = errors.New("not found")

// ErrConflict says that somebody else was first.
var ErrConflict = errors.New("conflict")

// ErrFull says that the disk (or quota) is full; nothing was written.
var ErrFull = errors.New("the disk is full")

// Store is the record. It is safe for concurrent use.
type Store interface {
	// View runs f over one consistent snapshot. The Reader is good until f
	// returns, for one goroutine at a time.
	View(ctx context.Context, f func(Reader) error) error
	// Update runs f in a transaction: all of it is kept, durably, or nothing. f
	// may run again after a conflict between processes, so it must not touch
	// anything but tx and values it resets. Small updates that come at the same
	// time share one commit. When a call on tx failed for want of the store, not
	// of what was asked for, nothing is kept even if f returns nil. An Update
	// within f would wait for itself. Who loads in bulk puts some 50,000 rows into
	// each: many rows in one call, and many in one Update, cost much less each.
	Update(ctx context.Context, f func(Tx) error) error
	// Close flushes and lets go of the files.
	Close() error
}

// Notifier is a Store that gives a word when a process, this one or another, has
// appended events, changed people or filled the outbox. It is no substitute for
// looking now and then. The channel is closed when ctx is done.
type Notifier interface {
	Notifications(ctx context.Context) <-chan struct{}
}

// Reader is what can be asked within one snapshot.
type Reader interface {
	PeopleReader
	StateReader
	LedgerReader
	JourneyReader
	BroadcastReader
	// Cursor returns a named position, 0 when it was never set.
	Cursor(name string) (int64, error)
	// OutboxItems returns the oldest items, in order.
	OutboxItems(limit int) ([]OutboxItem, error)
}

// Tx is what can be done within one transaction; it reads its own writes.
type Tx interface {
	Reader
	PeopleWriter
	StateWriter
	LedgerWriter
	JourneyWriter
	BroadcastWriter
	SetCursor(name string, position int64) error
	// Quietly makes what follows in this transaction an import's: its Changes are
	// history that sets nothing off, and leave Change.Loud as it was.
	Quietly()
	// Enqueue adds an item; its ID is set, larger than all before.
	Enqueue(item *OutboxItem) error
	// OutboxDone deletes delivered items.
	OutboxDone(ids ...int64) error
	// Acquire takes or renews the named lease until `until`; false when somebody
	// else holds it at `now`. Release gives it back.
	Acquire(name, owner string, now, until time.Time) (bool, error)
	Release(name, owner string) error
}

// Person is one profile. ID is the index by which everything else, Temporal
// included, knows the person; it carries no personal data.
type Person struct {
	ID          int64
	Key         string // the shop's identifier (userId); "" while anonymous
	AnonymousID string
	Email       string // lower case
	Phone       string
	Attributes  map[string]any // JSON form, all but the fields above
	CreatedAt   time.Time      // the earliest that was said; at first UpdatedAt when nothing was
	UpdatedAt   time.Time      // when something last changed
}

// Event is something that happened to a person.
type Event struct {
	Seq        int64 // position in the record, set by the store
	Person     int64
	Name       string // label: order_completed
	At         time.Time
	ReceivedAt time.Time
	MessageID  string         // the first with one ID wins; "" gets none of that
	Imported   bool           // came from a file: conditions see it, it sets nothing off
	Properties map[string]any // JSON form
}

// Consent is a person's word on a topic and channel; the newest counts, of two
// at one instant the later said.
type Consent struct {
	Person  int64
	Topic   string
	Channel string
	Granted bool
	At      time.Time
	Source  string // "import customers.csv", "unsubscribe link", "api"
	Proof   string // who said so, where, in which words; may be empty for a withdrawal
}

// Suppression stops everything to an address, whatever the consents say. The
// case of letters does not matter in an Address. The first reason stays.
type Suppression struct {
	Channel string
	Address string
	Reason  string // "hard bounce", "complaint", "erased"
	At      time.Time
}

// Record is a person with all that a condition may look at.
type Record struct {
	Person
	Events     map[string][]Event // the labels asked for, each ordered by At, then Seq
	Consents   []Consent          // the newest for each topic and channel
	Suppressed []string           // channels on which the person's address is suppressed
}

// Need says how much of each Record to load.
type Need struct {
	Events    []string // labels
	AllEvents bool
	Consents  bool // Consents and Suppressed
	// Properties names, for a label, the properties to load of its events, which
	// saves reading the rest; an empty list is none. Of a label that is not in it
	// all are loaded.
	Properties map[string][]string
}

// Change says that something about a person other than an appended event is new:
// profile, consents, suppression of an address, or that the person is gone. Of each
// person there is one Change, the newest; what changes nothing makes none. Who has
// read up to a Seq never finds a new Change below it.
//
// Moved and Loud are of the newest change of their kind, for the newest of all may
// hide it: who has read up to n loads the person's events anew when Moved > n, and
// lets the change set something off when Loud > n.
type Change struct {
	Seq    int64 // position; grows with every change
	Person int64
	Gone   bool  // merged into another or erased; the Change stays for ever
	Moved  int64 // Seq of the newest change that moved events or memberships to the person; 0: none
	Loud   int64 // Seq of the newest change that no import made (Tx.Quietly); 0: none
}

// Rejected is a row that could not be taken in, kept for repair.
type Rejected struct {
	ID     int64  // set by the store
	Kind   string // what it was to be: "track", "identify", …; a file's: "people", "events", …
	Source string // file, or "api"
	Line   int    // from 1; 0 where there are no lines
	Reason string
	Body   string
	At     time.Time
}

// PeopleReader reads people and what they did.
type PeopleReader interface {
	Person(id int64) (Person, error)
	PersonByKey(key string) (Person, error)
	PersonByEmail(email string) (Person, error) // the first, where several have it
	// PeopleByEmail returns everybody whose own address it is, by ascending ID.
	PeopleByEmail(email string) ([]Person, error)
	PersonByAnonymousID(id string) (Person, error)
	CountPeople() (int64, error)
	// Records loads the given people, in the given order, leaving out who is gone.
	Records(ids []int64, need Need) ([]Record, error)
	// EachRecord calls f for everybody by ascending ID, from `after` (exclusive).
	// The record is f's to read only until it returns. An error from f stops the
	// scan and is returned.
	EachRecord(after int64, need Need, f func(*Record) error) error
	// EventsAfter returns events by ascending Seq, from `after` (exclusive).
	EventsAfter(after int64, limit int) ([]Event, error)
	// EachEvent calls f for the events of the labels that are needed, by ascending
	// Seq, from `after` (exclusive). It is the fastest way through all of them, for
	// who sorts them by person. The Event is f's to read only until it returns; its
	// ReceivedAt and MessageID are not loaded. An error from f stops the scan and is
	// returned.
	EachEvent(after int64, need Need, f func(*Event) error) error
	EventByMessageID(id string) (Event, error)
	CountEvents() (int64, error)
	// ChangesAfter returns changes by ascending Seq, from `after` (exclusive).
	ChangesAfter(after int64, limit int) ([]Change, error)
	// Heads are the Seq of the last event and of the last change, also when that
	// event has been erased since; 0 for none.
	Heads() (event, change int64, err error)
	ConsentLog(person int64) ([]Consent, error)               // oldest first
	Suppressed(channel, address string) (*Suppression, error) // nil: not suppressed
	// RejectedRows returns the newest first, of one source or of all when it is "".
	RejectedRows(source string, limit int) ([]Rejected, error)
}

// PeopleWriter changes people and appends what they did.
type PeopleWriter interface {
	// Identify creates or updates a person, found by Key, else AnonymousID, else
	// Email. A Key given together with an AnonymousID or Email that has a profile
	// of its own without a Key takes that profile over: its events, consents,
	// sends and enrolments move, keeping their numbers. Matches.Resolve and News have the
	// rules, Person.Learn how news is merged: an attribute set to nil is removed,
	// what is empty stays as it was. A person may have several anonymous IDs; the
	// newest is shown. It returns the stored person; ErrNobody without any of the
	// three.
	Identify(p Person) (Person, error)
	// IdentifyAll does what Identify does for one after the other, in much less
	// time, and returns the stored people, each as it was at its turn.
	IdentifyAll(people []Person) ([]Person, error)
	// AppendEvents stores events of known people. It returns, for each, its Seq,
	// or 0 when its MessageID was there already. Who has read up to a Seq never
	// finds a new event below it.
	AppendEvents(events []Event) ([]int64, error)
	PutConsents(consents []Consent) error // an older one than is known only enters the log
	Suppress(s Suppression) error
	// Reject keeps rows. One of the same Source, Line, Reason and Body as one that is
	// there is not doubled: its At and Kind are renewed.
	Reject(rows []Rejected) error
	// Unreject forgets rows that have been taken in after all, or given up.
	Unreject(ids ...int64) error
	// Merge makes two profiles one: all that `from` has moves to `into`, as
	// Person.Absorb says, and whatever led to `from` (key, address, anonymous IDs)
	// leads to `into` from then on, unless somebody has it as their own. It returns
	// the person; merging into itself changes nothing. ErrNotFound when one of the
	// two is not there. Identify does the same to profiles that it takes over.
	//
	// `into` is then inside each segment that either was in. The moves of `from`
	// become moves of `into`, and where the newest of both says otherwise, the newest
	// that agrees is recorded again, so that moves still tell who is inside.
	// SegmentDays stay as they are. Audiences that were frozen with `from` find
	// nobody there.
	Merge(into, from int64) (Person, error)
	// Erase forgets a person: profile, identifiers, events, consents, memberships,
	// moves, waits, pending triggers, rejected rows that name the person, and what
	// enrolments (Key, Trigger) and sends (ProviderID, Reason but of a withheld one)
	// remember. Rows of the ledger and enrolments stay, under the number alone, and
	// so do SegmentDays. A suppression of an address holds on, kept as a hash until
	// somebody comes with the address. ErrNotFound when there is nobody.
	Erase(person int64) error
}

// Definition is a compiled block under its digest. It never changes.
type Definition struct {
	Digest campaign.Digest
	Kind   string // addr kind: "journey"
	Body   []byte // JSON
}

// LiveResource is a resource of the live project.
type LiveResource struct {
	Addr      addr.Addr
	Digest    campaign.Digest
	DependsOn []addr.Addr
	Body      []byte
	AppliedAt time.Time // when this digest became live
	ApplyID   string
}

// Live is all that is live.
type Live struct {
	Serial      int64 // grows with every change
	Environment campaign.Environment
	Settings    campaign.Settings
	Resources   []LiveResource // in the order in which they were last set
}

// Apply is one run of `herald apply`, kept for ever: the audit log.
type Apply struct {
	ID          string
	Who         string
	Commit      string // of the project's repository; "" outside one
	PlanDigest  string
	Environment string
	Summary     string // "2 to create, 1 to update"
	StartedAt   time.Time
	FinishedAt  time.Time // zero while running, or after a crash
	Error       string
	Steps       []ApplyStep
}

// ApplyStep is one change of an Apply.
type ApplyStep struct {
	Addr   string
	Action string
	Before campaign.Digest
	After  campaign.Digest
	Done   bool
}

// StateReader reads what is live.
type StateReader interface {
	Live() (Live, error)
	LiveSerial() (int64, error)
	Definition(digest campaign.Digest) (Definition, error)
	// Applies returns the newest first.
	Applies(limit int) ([]Apply, error)
}

// StateWriter changes what is live. Each change of Live raises the serial.
type StateWriter interface {
	PutDefinitions(defs []Definition) error // again is no harm
	SetLive(r LiveResource) error           // Body may be nil: the definition was put before
	RemoveLive(a addr.Addr) error           // no harm when it is not live
	SetEnvironment(env campaign.Environment, settings campaign.Settings) error
	// PutApply inserts or replaces an Apply by ID.
	PutApply(a Apply) error
	// ApplyStepDone marks the first step of that address that is not done yet.
	ApplyStepDone(applyID, addr string) error
}

// SendState is how far a message to one person got.
type SendState string

// The states of a Send. Only Sending can become Unknown: a worker died between
// handing the message over and writing down that it did.
const (
	Reserved SendState = "reserved" // planned; nothing left the house
	Sending  SendState = "sending"
	Sent     SendState = "sent"
	Withheld SendState = "withheld" // Reason says why
	Failed   SendState = "failed"
	Unknown  SendState = "unknown"
)

// Send is a row of the ledger.
type Send struct {
	ID         int64  // set by the store; what links and headers carry
	Key        string // hash(enrolment, step, visit): idempotency key and Message-ID
	Person     int64
	Campaign   addr.Addr // journey or broadcast
	Step       string    // of a journey; "" for a broadcast
	Cohort     string    // cohort or run ID
	Index      int       // member or recipient within it
	Message    addr.Addr
	Definition campaign.Digest // of the message
	Channel    string
	Topic      string
	Provider   string
	ProviderID string // what the provider called it
	State      SendState
	Reason     string
	Attempt    int       // how often it was marked as sending
	Owner      string    // worker that holds it
	LeaseUntil time.Time // until then nobody else touches it
	CreatedAt  time.Time
	SentAt     time.Time
	ClosedAt   time.Time
	RetryAt    time.Time // of a Reserved one that was put off
	Engagement Engagement
}

// Engagement is what came back for a Send: the first time of each, or zero.
type Engagement struct {
	DeliveredAt, OpenedAt, MachineOpenedAt, ClickedAt, BouncedAt, ComplainedAt, UnsubscribedAt time.Time
}

// EngagementKind names a field of Engagement.
type EngagementKind string

// The kinds.
const (
	Delivered     EngagementKind = "delivered"
	Opened        EngagementKind = "opened"
	MachineOpened EngagementKind = "machine_opened"
	Clicked       EngagementKind = "clicked"
	Bounced       EngagementKind = "bounced"
	Complained    EngagementKind = "complained"
	Unsubscribed  EngagementKind = "unsubscribed"
)

// CampaignCount sums the ledger for one message of one campaign.
type CampaignCount struct {
	Campaign                                                      addr.Addr
	Step                                                          string
	Message                                                       addr.Addr
	Sent, Withheld, Failed, Unknown, Open                         int64 // Open: reserved or sending
	Delivered, Opened, Clicked, Bounced, Complained, Unsubscribed int64
}

// LedgerReader reads what was sent.
type LedgerReader interface {
	Send(id int64) (Send, error)
	SendByKey(key string) (Send, error)
	SendsOfPerson(person int64, limit int) ([]Send, error)   // newest first
	SendsInState(state SendState, limit int) ([]Send, error) // oldest first
	// SendsOfCohort returns the sends of one step (all when step is "") for the
	// given members, by member.
	SendsOfCohort(cohort, step string, indices []int) ([]Send, error)
	CampaignCounts() ([]CampaignCount, error)
	// WithheldReasons counts withheld sends by campaign and reason.
	WithheldReasons() (map[addr.Addr]map[string]int64, error)
}

// LedgerWriter opens and closes rows of the ledger.
type LedgerWriter interface {
	// Reserve inserts rows that are not there yet, and takes over Reserved ones
	// that are the caller's own or whose lease has run out at `now`: Owner,
	// LeaseUntil and what is to be said (Message, Definition, Channel, Topic,
	// Provider) become the caller's. A Sending row whose lease has run out becomes
	// Unknown. It returns every row as it stands afterwards; a row is the
	// caller's only if its Owner and LeaseUntil are the caller's and its State is Reserved.
	Reserve(sends []Send, now time.Time) ([]Send, error)
	// MarkSending moves Reserved → Sending for the owner; ErrConflict otherwise.
	MarkSending(id int64, owner string, leaseUntil time.Time) error
	// CloseSend moves an owned row to its end (or back to Reserved with RetryAt,
	// free for the next to take); ErrConflict when the owner is another or the row
	// is closed. Only a Sending row can end as Sent or Unknown. A row that was
	// given up as Unknown is not closed for its owner, who may come late to say
	// how it ended: Sent or Failed.
	CloseSend(id int64, owner string, end SendEnd) error
	// Engage records an engagement, the earliest of its kind; false when one was
	// known.
	Engage(sendID int64, kind EngagementKind, at time.Time) (bool, error)
}

// SendEnd is how one attempt ended.
type SendEnd struct {
	State      SendState
	Reason     string
	Provider   string
	ProviderID string
	At         time.Time
	RetryAt    time.Time // with State Reserved
}

// Cohort is a workflow run's worth of enrolments that started together.
type Cohort struct {
	ID         string // workflow ID: journey/win_back/<id>
	Journey    string
	Definition campaign.Digest
	Size       int
	CreatedAt  time.Time
	EndedAt    time.Time
}

// Enrolment is one person's way through a journey.
type Enrolment struct {
	Cohort    string
	Index     int
	Journey   string
	Person    int64
	Key       string         // of the trigger; ""
	Trigger   map[string]any // trigger.event, JSON form, with "at"; nil
	EnteredAt time.Time      // the trigger event's own time
	Step      string         // where the person is; the projection of the workflow's state
	WakeAt    time.Time      // until when, where known
	UpdatedAt time.Time
	EndedAt   time.Time // zero: under way
	Outcome   string    // "finished", "exit_when", "exit <label>", "cancelled"
}

// Progress moves one enrolment's projection.
type Progress struct {
	Index   int
	Step    string
	WakeAt  time.Time
	EndedAt time.Time
	Outcome string
	At      time.Time
}

// Wait says that an enrolment wants to hear of an event of its person.
type Wait struct {
	Cohort string
	Index  int
	Person int64
	Event  string // label
}

// Pending is a trigger that waits for its key to settle.
type Pending struct {
	Journey string
	Person  int64
	Key     string
	Event   int64 // Seq of the newest event
	DueAt   time.Time
}

// Cause is why somebody crossed the border of a segment.
type Cause string

// The causes.
const (
	ByEvent   Cause = "event"   // Ref is its Seq
	ByTime    Cause = "time"    // a window expired, a day began
	ByProfile Cause = "profile" // attributes, consents or suppression changed; Ref is the Change's Seq
	ByImport  Cause = "import"  // history that a file brought
	ByEdit    Cause = "edit"    // an apply changed the definition; Ref is the serial
	ByStart   Cause = "start"   // the segment was counted for the first time; Ref is the serial
)

// Move is a fact: somebody crossed the border of a segment.
type Move struct {
	Seq        int64 // position, set by the store
	Segment    string
	Person     int64
	Inside     bool
	At         time.Time       // from when it is so
	Definition campaign.Digest // of the segment
	Cause      Cause
	Ref        int64
	Operands   []byte // JSON: what the condition looked at, and found; nil in a Shift
}

// Shift is a fact about many: they cross the border of one segment for one
// reason, as an edit does it. It is kept as one.
type Shift struct {
	Segment      string
	Enter, Leave []int64 // ascending
	At           time.Time
	Definition   campaign.Digest
	Cause        Cause
	Ref          int64
}

// SegmentDay is how many crossed a segment's border on a day, in UTC.
type SegmentDay struct {
	Day           time.Time
	Entered, Left int64
}

// StepCount is how many enrolments are at a step of one revision of a journey.
type StepCount struct {
	Journey    string
	Definition campaign.Digest
	Step       string // "" for who has ended: see Outcome
	Outcome    string
	People     int64
}

// JourneyReader reads who is where.
type JourneyReader interface {
	Cohort(id string) (Cohort, error)
	OpenCohorts(limit int) ([]Cohort, error) // oldest first
	// Enrolments returns members by index; all of them when indices is nil.
	Enrolments(cohort string, indices []int) ([]Enrolment, error)
	EnrolmentsOfPerson(person int64) ([]Enrolment, error) // the last created first
	// LastEnrolment returns the last created enrolment for journey, person and key
	// (any key when anyKey), or ErrNotFound.
	LastEnrolment(journey string, person int64, key string, anyKey bool) (Enrolment, error)
	StepCounts() ([]StepCount, error)
	WaitsFor(person int64, event string) ([]Wait, error)
	DuePending(now time.Time, limit int) ([]Pending, error) // earliest first
	// NextPending is the earliest DueAt, zero when nothing is pending.
	NextPending() (time.Time, error)
	IsMember(segment string, person int64) (bool, error)
	// Members calls f for each member by ascending person.
	Members(segment string, f func(person int64) error) error
	// MemberCounts is the size of each segment that has members.
	MemberCounts() (map[string]int64, error)
	// MovesOf returns the moves of one person, those within Shifts included, the
	// newest first; of one segment, or of all when it is "".
	MovesOf(person int64, segment string, limit int) ([]Move, error)
	// SegmentDays returns the days on which somebody crossed, by Move.At, from the day
	// of `from` on, in order. Who is found inside when a segment is first counted
	// (a Shift ByStart), and what merging, erasing and ClearMembers take out, is not
	// counted.
	SegmentDays(segment string, from time.Time) ([]SegmentDay, error)
	Event(seq int64) (Event, error)
}

// JourneyWriter moves people.
type JourneyWriter interface {
	// CreateCohort inserts a cohort with its enrolments, whose Cohort and Journey
	// are the cohort's; ErrConflict when it is there.
	CreateCohort(c Cohort, members []Enrolment) error
	SaveProgress(cohort string, steps []Progress) error
	EndCohort(cohort string, at time.Time) error // its waits go
	AddWaits(waits []Wait) error
	RemoveWaits(cohort string, indices []int) error // all of a member's
	PutPending(p Pending) error                     // replaces the one with its journey, person and key
	DeletePending(journey string, person int64, key string) error
	// MoveMembers records moves and puts each person in or takes them out. One that
	// changes nothing is not recorded. A Move's Seq is given by the store.
	MoveMembers(moves []Move) error
	ShiftMembers(s Shift) error // likewise; who is inside already does not enter
	// ClearMembers forgets who is inside a segment, when it is deleted or about to be
	// counted anew. Its moves stay.
	ClearMembers(segment string) error
}

// Run is one issue of a broadcast: for one local date, in one zone or for all.
type Run struct {
	ID         string // workflow ID: broadcast/weekly_special/2026-12-03/Europe-Berlin
	Broadcast  string
	Definition campaign.Digest
	DueAt      time.Time
	Size       int
	CreatedAt  time.Time
	EndedAt    time.Time
}

// Recipient is one person of a run's frozen audience.
type Recipient struct {
	Run    string
	Index  int
	Person int64
}

// BroadcastReader reads issues.
type BroadcastReader interface {
	Run(id string) (Run, error)
	Runs(broadcast string, limit int) ([]Run, error)          // newest first
	Recipients(run string, from, to int) ([]Recipient, error) // with from <= Index < to
}

// BroadcastWriter freezes audiences.
type BroadcastWriter interface {
	// CreateRun inserts a run with its audience; ErrConflict when it is there.
	CreateRun(r Run, people []int64) error
	EndRun(id string, at time.Time) error
}

// OutboxItem is something to be told to Temporal, at least once, in order for
// each Workflow.
type OutboxItem struct {
	ID       int64
	Kind     string // "start-cohort", "start-run", "signal"
	Workflow string // ID
	Payload  []byte // JSON; no personal data
	At       time.Time
}

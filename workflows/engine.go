package workflows

import (
	"context"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

// Engine carries out what workflows ask. Each method is one activity: it may be
// called again with the same request, and must stop soon after ctx is done. An
// error means that the infrastructure failed and the call is repeated; what goes
// wrong for one person is an outcome within the result.
type Engine interface {
	Decider
	Sender
	Actor
	Projector
	Broadcaster
	Planner
}

// Decider asks conditions, after registering waits where the request says so.
type Decider interface {
	Decide(ctx context.Context, r journey.DecideRequest) (journey.DecideResult, error)
}

// Sender sends a journey's message to a batch of members.
type Sender interface {
	Send(ctx context.Context, r journey.SendRequest) (journey.SendResult, error)
}

// Actor carries out every other effect upon a batch of members: update, subscribe,
// unsubscribe, emit, call, enter, throttle.
type Actor interface {
	Act(ctx context.Context, r journey.SendRequest) (journey.SendResult, error)
}

// Projector writes down where people are, drops their waits, and ends the
// cohort, all in one transaction.
type Projector interface {
	Progress(ctx context.Context, r journey.ProgressRequest) error
}

// Broadcaster sends an issue to a batch of recipients, and closes it.
type Broadcaster interface {
	Broadcast(ctx context.Context, r journey.BroadcastRequest) (journey.SendResult, error)
	EndRun(ctx context.Context, r journey.EndRunRequest) error
}

// Planner starts what a schedule's tick finds due.
type Planner interface {
	Plan(ctx context.Context, r journey.PlanRequest) (journey.PlanResult, error)
}

// Definitions finds compiled journeys by digest. It is called inside workflow
// code: it must answer within half a second, and the same for one digest, always.
// When it has none, the workflow task fails and is tried again some seconds later.
type Definitions interface {
	Program(digest campaign.Digest) (*journey.Program, error)
}

package journeytest

import (
	"container/heap"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
)

// ErrWaiting says that those who are left wait for something that never comes.
var ErrWaiting = errors.New("everybody left waits for ever")

// Drive lets the world's people through the program on simulated time, each
// effect taking latency, and returns the state in which it ended.
func Drive(p *journey.Program, w *World, latency time.Duration) (*journey.State, error) {
	state, err := p.Begin(len(w.People))
	if err != nil {
		return nil, err
	}
	d := driver{program: p, world: w, state: state, latency: latency}
	d.push(w.Start, journey.Start{At: w.Start})
	for _, h := range w.Happenings() {
		d.push(h.At, journey.Reacted{Reaction: journey.Reaction{Members: h.Members}})
	}
	return state, d.run()
}

// driver is an event heap around one state.
type driver struct {
	program *journey.Program
	world   *World
	state   *journey.State
	latency time.Duration
	events  events
	pushed  int
	timer   time.Time
	over    bool
}

func (d *driver) run() error {
	for !d.over {
		at, in := d.timer, journey.Input(journey.Tick{})
		switch {
		case len(d.events) > 0 && (at.IsZero() || !d.events[0].at.After(at)):
			e := heap.Pop(&d.events).(event)
			at, in = e.at, d.heard(e.in)
		case at.IsZero():
			return ErrWaiting
		}
		commands, err := d.program.Step(d.state, at, in)
		if err != nil {
			return err
		}
		for _, c := range commands {
			if err := d.do(at, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// heard drops from a reaction those who registered no wait, as a dispatcher does.
func (d *driver) heard(in journey.Input) journey.Input {
	r, ok := in.(journey.Reacted)
	if !ok {
		return in
	}
	var heard journey.Members
	for _, i := range r.Reaction.Members {
		if d.world.WaitsAt(i) != "" {
			heard = append(heard, i)
		}
	}
	return journey.Reacted{Reaction: journey.Reaction{Members: heard}}
}

func (d *driver) do(now time.Time, c journey.Command) error {
	then := now.Add(d.latency)
	switch c := c.(type) {
	case journey.Decide:
		d.push(then, journey.Decided{Decide: c, Result: d.world.Decide(c.Request("", ""))})
	case journey.Act:
		for _, b := range c.Batches(journey.BatchSize) {
			d.push(then, journey.Acted{Act: b, Result: d.world.Send(now, b.Request("", ""))})
		}
	case journey.Wake:
		d.timer = c.At
	case journey.Progress:
		d.world.Progress(c.Request(""))
	case journey.End:
		d.over = true
	default:
		return fmt.Errorf("%T is not a command", c)
	}
	return nil
}

func (d *driver) push(at time.Time, in journey.Input) {
	heap.Push(&d.events, event{at, d.pushed, in})
	d.pushed++
}

// event is an input to come.
type event struct {
	at  time.Time
	nth int
	in  journey.Input
}

// events is a heap by instant, then by the order in which they came.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].nth < e[j].nth
	}
	return e[i].at.Before(e[j].at)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push adds an event, for package heap.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop takes the last, for package heap.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

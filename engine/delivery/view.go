package delivery

import (
	"context"
	"errors"
	"fmt"
	"html"
	"time"

	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// View writes a message once more as its recipient got it, in the words of then,
// about the person as far as is known now; without the open pixel. A message that
// is gone, or was never written, is store.ErrNotFound.
func (d *Delivery) View(ctx context.Context, send int64) (string, error) {
	page, err := d.view(ctx, send)
	if err != nil {
		return "", fmt.Errorf("viewing send %d: %w", send, err)
	}
	return page, nil
}

func (d *Delivery) view(ctx context.Context, id int64) (string, error) {
	var send store.Send
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		send, err = r.Send(id)
		return err
	})
	if err != nil {
		return "", err
	}
	project, err := d.projectOf(ctx, send)
	if err != nil {
		return "", err
	}
	s, members, err := d.again(ctx, audience.NewSchema(project), send)
	switch {
	case err != nil:
		return "", err
	case s.trouble != "":
		return "", errors.Join(store.ErrNotFound, errors.New(s.trouble), s.err)
	}
	c, err := d.recipient(ctx, members, send)
	if err != nil {
		return "", err
	}
	return d.page(s, c, send.SentAt)
}

// projectOf is the live project with the message as it was sent.
func (d *Delivery) projectOf(ctx context.Context, send store.Send) (*link.Project, error) {
	project := d.Live.Schema().Project()
	m, err := project.Message(send.Message.Name())
	if err == nil && m.Digest == send.Definition {
		return project, nil
	}
	return d.asOf(ctx, project, send.Message, send.Definition)
}

// again finds what a send said, and whom it was for.
func (d *Delivery) again(ctx context.Context, schema *audience.Schema, send store.Send) (*script, crowd, error) {
	switch send.Campaign.Kind() {
	case "journey":
		return d.stepAgain(ctx, schema, send)
	case "broadcast":
		return d.issueAgain(ctx, schema, send)
	}
	return nil, nil, store.ErrNotFound
}

func (d *Delivery) stepAgain(ctx context.Context, schema *audience.Schema, send store.Send) (*script, crowd, error) {
	var c store.Cohort
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		c, err = r.Cohort(send.Cohort)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	j, err := d.Live.Journey(ctx, c.Definition)
	if err != nil {
		return nil, nil, err
	}
	step, ok := j.Step(send.Step)
	if !ok {
		return nil, nil, store.ErrNotFound
	}
	s := newScript(schema.Project(), send.Message.Name(), step.With)
	q := journey.SendRequest{Cohort: send.Cohort, Step: send.Step}
	return s, &cohort{q: q, journey: j, schema: schema, need: s.need(j.GoalWhen, j.ExitWhen)}, nil
}

func (d *Delivery) issueAgain(ctx context.Context, schema *audience.Schema, send store.Send) (*script, crowd, error) {
	var issue store.Run
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		issue, err = r.Run(send.Cohort)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	b, err := d.broadcast(ctx, schema.Project(), issue.Broadcast, issue.Definition)
	if err != nil {
		return nil, nil, err
	}
	s := newScript(schema.Project(), send.Message.Name(), b.With)
	return s, &run{run: issue, schema: schema, need: s.need()}, nil
}

// recipient reads the person of a send.
func (d *Delivery) recipient(ctx context.Context, members crowd, send store.Send) (*candidate, error) {
	var found []candidate
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		found, err = members.load(r, journey.Members{send.Index}, send.SentAt)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, store.ErrNotFound
	}
	found[0].send = send
	return &found[0], nil
}

// page writes the HTML of a message; a message of text alone is shown as text.
func (d *Delivery) page(s *script, c *candidate, at time.Time) (string, error) {
	l, v := newLetter(s, c, d.Links, at)
	if !v.sends() {
		return "", fmt.Errorf("%w: %s", store.ErrNotFound, v.reason)
	}
	page, err := l.html("")
	if page != "" || err != nil {
		return page, err
	}
	text, err := l.text()
	return "<!doctype html><meta charset=\"utf-8\"><pre style=\"white-space:pre-wrap\">" + html.EscapeString(text) + "</pre>", err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

var explainCommand = command{
	name: "explain", args: "[-json] segment.NAME PERSON [DIR]", about: "say why somebody is in a segment or not, and why they came or went",
	long: "Shows each part of the live condition with what was found for the person, which parts\ndecide, when the answer changes by itself, and the moves of the past with their causes.\n\nPERSON is the shop's identifier, a mail address, or an index as plans print it. What is\nshown is personal data.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		c.nowFlag()
		c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
		if err := c.parse("segment.NAME", "PERSON"); err != nil {
			return err
		}
		label, ok := strings.CutPrefix(c.rest[0], "segment.")
		if !ok || label == "" {
			return fmt.Errorf("%q is not a segment: write segment.NAME", c.rest[0])
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		return c.explain(ctx, s, label, c.rest[1])
	},
}

func (c *call) explain(ctx context.Context, s store.Store, label, who string) error {
	now, err := c.instant()
	if err != nil {
		return err
	}
	var person store.Person
	err = s.View(ctx, func(r store.Reader) (err error) {
		person, err = findPerson(r, who)
		return err
	})
	if err != nil {
		return err
	}
	holder, err := live.Open(ctx, s, nil)
	if err != nil {
		return err
	}
	config := enrolment.Config{Store: s, Live: holder, Now: func() time.Time { return now }}
	people, err := c.openIndex(ctx, s)
	if err != nil {
		return err
	}
	if people != nil {
		defer people.Close(context.WithoutCancel(ctx)) //nolint:errcheck // a worker writes the next snapshot
		config.Index = people
	}
	service := enrolment.NewService(config)
	why, err := service.Explain(ctx, person.ID, label)
	var missing *link.NotFoundError
	switch {
	case errors.As(err, &missing) && len(holder.Current().Names("segment")) == 0:
		return errors.New("no segment is live here: `herald apply` makes the files' segments live, and -data or -database name another store")
	case errors.As(err, &missing):
		return fmt.Errorf("segment.%s is not live; live are: %s", label, strings.Join(holder.Current().Names("segment"), ", "))
	case err != nil:
		return err
	}
	if c.json {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(why)
	}
	_, err = io.WriteString(c.out, why.Text(fmt.Sprintf("Person %d", person.ID)))
	return err
}

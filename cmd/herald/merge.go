package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/mailbox"
)

var peopleCommand = command{
	name: "people", args: "merge INTO FROM [DIR]\nherald people erase PERSON [DIR]", about: "make two profiles one, or forget a person",
	long: "PERSON, INTO and FROM are the shop's identifier, a mail address, or an index as plans\nand logs print it.\n\n`merge` gives INTO all that FROM has: history, consents (of two words on a topic the\nnewest counts, and all are kept), enrolments and messages; whatever led to FROM leads\nto INTO from then on.\n\n`erase` forgets a person: profile, history, consents, and what messages and journeys\nremember. Figures of campaigns stay. With -suppress nothing is sent to the address\never again: of it a digest is kept alone. Neither can be undone.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		yes := c.flags.Bool("yes", false, "do not ask")
		suppress := c.flags.Bool("suppress", false, "erase: send nothing to the address again")
		names, err := c.parsePeople()
		if err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		if c.rest[0] == "merge" {
			return c.mergePeople(ctx, s, names, *yes)
		}
		return c.erasePerson(ctx, s, names[0], *yes, *suppress)
	},
}

// parsePeople reads the verb, whom it is about, and the folder.
func (c *call) parsePeople() (names []string, err error) {
	want := map[string]int{"merge": 2, "erase": 1}
	if len(c.args) == 0 || want[c.args[0]] == 0 {
		err := c.flags.Parse(c.args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, errors.New("say what to do: `herald people merge INTO FROM` or `herald people erase PERSON`")
	}
	verb := c.args[0]
	c.args = c.args[1:]
	before := []string{"PERSON"}
	if verb == "merge" {
		before = []string{"INTO", "FROM"}
	}
	if err := c.parse(before...); err != nil {
		return nil, err
	}
	names = c.rest
	c.rest = []string{verb}
	return names, nil
}

// find looks people up, all in one view.
func (c *call) find(ctx context.Context, s store.Store, names []string) (found []store.Person, err error) {
	err = s.View(ctx, func(r store.Reader) error {
		found = nil
		for _, name := range names {
			p, err := findPerson(r, name)
			if err != nil {
				return err
			}
			found = append(found, p)
		}
		return nil
	})
	return found, err
}

func (c *call) mergePeople(ctx context.Context, s store.Store, names []string, yes bool) error {
	people, err := c.find(ctx, s, names)
	if err != nil {
		return err
	}
	into, from := people[0], people[1]
	if into.ID == from.ID {
		return fmt.Errorf("%q and %q are one person already", names[0], names[1])
	}
	if err := c.sure(yes, fmt.Sprintf("Person %d becomes part of person %d. This cannot be undone. Merge?", from.ID, into.ID)); err != nil {
		return err
	}
	if err := s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Merge(into.ID, from.ID)
		return err
	}); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Person %d is part of person %d now.\n", from.ID, into.ID)
	return nil
}

func (c *call) erasePerson(ctx context.Context, s store.Store, name string, yes, suppress bool) error {
	people, err := c.find(ctx, s, []string{name})
	if err != nil {
		return err
	}
	p := people[0]
	if err := c.sure(yes, fmt.Sprintf("Person %d is forgotten with all that is known. This cannot be undone. Erase?", p.ID)); err != nil {
		return err
	}
	err = s.Update(ctx, func(tx store.Tx) error {
		if suppress && p.Email != "" {
			if err := tx.Suppress(store.Suppression{Channel: "email", Address: p.Email, Reason: "erased", At: time.Now().UTC()}); err != nil {
				return err
			}
		}
		return tx.Erase(p.ID)
	})
	if err != nil {
		return err
	}
	mails := 0
	if p.Email != "" {
		if mails, err = mailbox.Open(c.dataDir()).Forget(p.Email); err != nil {
			return fmt.Errorf("person %d is forgotten, and mails to them are in %s still: %w", p.ID, filepath.Join(c.dataDir(), mailbox.Folder), err)
		}
	}
	fmt.Fprintf(c.out, "Person %d is forgotten", p.ID)
	if mails > 0 {
		fmt.Fprintf(c.out, ", and %d in the local mailbox with them", mails)
	}
	fmt.Fprintln(c.out, ".")
	return nil
}

// sure asks, unless the answer was given.
func (c *call) sure(yes bool, question string) error {
	if yes {
		return nil
	}
	ok, err := c.confirm(question)
	switch {
	case err != nil:
		return errors.New("nobody answered: use -yes where nobody can")
	case !ok:
		fmt.Fprintln(c.out, "Nothing was changed.")
		return exitCode(exitError)
	}
	return nil
}

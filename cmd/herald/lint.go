package main

import (
	"context"
	"fmt"

	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/lint"
)

var lintCommand = command{
	name: "lint", args: "[-json] [DIR]", about: "point out what is valid and yet likely a mistake",
	long: "Conditions that nobody or everybody meets, cases that are never reached, segments that\nnobody reads or that mean the same, waits without an end. Each finding has a stable\ncode; docs/reference/lint.md lists them. What needs people, `herald segments` tells.\n\nThe exit code is 1 when there is something.",
	run: func(_ context.Context, c *call) error {
		c.projectFlags()
		if err := c.parse(); err != nil {
			return err
		}
		out, err := c.compile(false)
		if err != nil {
			return err
		}
		found := out.diags
		if out.revision != nil {
			more, err := lint.Run(out.revision, out.tree)
			if err != nil {
				return err
			}
			found = append(found, more...)
		}
		if c.json {
			if err := diag.WriteJSON(c.out, found, out.tree.Source); err != nil {
				return err
			}
		} else {
			c.showDiags(found, out.tree.Source)
		}
		if len(found) > 0 {
			return exitCode(exitError)
		}
		if !c.json {
			fmt.Fprintln(c.out, "Nothing to point out.")
		}
		return nil
	},
}

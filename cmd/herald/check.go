package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/internal/version"
)

var validateCommand = command{
	name: "validate", args: "[-json] [DIR]", about: "check the files of a project",
	long: "Names, types, conditions and templates are checked. Variables need no values, their\ntypes suffice. Nothing outside the folder is read.",
	run: func(_ context.Context, c *call) error {
		c.projectFlags()
		if err := c.parse(); err != nil {
			return err
		}
		out, err := c.compile(false)
		if err != nil {
			return err
		}
		if c.json {
			if err := diag.WriteJSON(c.out, out.diags, out.tree.Source); err != nil {
				return err
			}
		} else {
			c.showDiags(out.diags, out.tree.Source)
		}
		if out.revision == nil {
			return exitCode(exitError)
		}
		if !c.json {
			fmt.Fprintf(c.out, "The project is valid: %d resources.\n", len(out.revision.Resources))
		}
		return nil
	},
}

var fmtCommand = command{
	name: "fmt", args: "[-check] [DIR]", about: "bring the files of a project into the canonical layout",
	long: "Rewrites the .hcl files of the folder in place and prints the names of those that\nchanged. Conditions and templates inside strings are left as they are.",
	run: func(_ context.Context, c *call) error {
		check := c.flags.Bool("check", false, "change nothing; exit with 1 when a file would change")
		if err := c.parse(); err != nil {
			return err
		}
		return c.format(*check)
	},
}

func (c *call) format(check bool) error {
	files, err := filepath.Glob(filepath.Join(c.dir, "*.hcl"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no .hcl files in %s", c.dir)
	}
	failed, changed := false, false
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		out, diags := syntax.Format(src, filepath.Base(file))
		if diags.HasErrors() {
			c.showDiags(diags, func(string) []byte { return src })
			failed = true
			continue
		}
		if bytes.Equal(src, out) {
			continue
		}
		changed = true
		fmt.Fprintln(c.out, file)
		if !check {
			if err := replaceFile(file, out); err != nil {
				return err
			}
		}
	}
	if failed || check && changed {
		return exitCode(exitError)
	}
	return nil
}

// replaceFile writes a file so that a crash leaves the old or the new one.
func replaceFile(name string, content []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".herald-fmt-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

var schemaCommand = command{
	name: "schema", args: "[-markdown]", about: "print the JSON Schema of .hcl.json files, or the reference of the language",
	run: func(_ context.Context, c *call) error {
		markdown := c.flags.Bool("markdown", false, "print the reference pages instead")
		if err := c.parse(); err != nil {
			return err
		}
		if *markdown {
			_, err := fmt.Fprint(c.out, schema.Markdown(schema.Root))
			return err
		}
		out, err := schema.JSONSchema(schema.Root)
		if err != nil {
			return err
		}
		_, err = c.out.Write(out)
		return err
	},
}

var versionCommand = command{
	name: "version", about: "print the version",
	run: func(_ context.Context, c *call) error {
		if err := c.parse(); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "herald %s\n", version.Version)
		return nil
	},
}

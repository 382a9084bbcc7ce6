// Command generate makes up the customers of The Daily Crumb and writes them as
// CSV for `herald import`: the same seed, the same people.
//
//	go run ./examples/daily-crumb/generate -out /tmp/crumb
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/herald-campaigns/herald/internal/crumb"
)

func main() {
	var o crumb.Options
	flag.Uint64Var(&o.Seed, "seed", 1, "another seed makes other people")
	flag.IntVar(&o.People, "people", 2000, "how many subscribers")
	flag.IntVar(&o.Events, "events", 0, "about how many events; 0: 24 for each person")
	until := flag.String("until", "", "when the story ends (RFC 3339); left out, a fixed day")
	out := flag.String("out", ".", "the folder to write to")
	flag.Parse()
	if err := run(o, *until, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(o crumb.Options, until, dir string) (err error) {
	if until != "" {
		if o.Until, err = time.Parse(time.RFC3339, until); err != nil {
			return err
		}
	}
	town := crumb.Make(o)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "customers.csv"), town.WritePeople); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "events.csv"), town.WriteEvents); err != nil {
		return err
	}
	fmt.Printf("%d people, %d events in %s\n", len(town.People), len(town.Events), dir)
	return nil
}

func write(name string, content func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}

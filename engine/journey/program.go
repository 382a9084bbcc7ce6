package journey

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Program is a journey as a list of instructions. It is immutable and may be
// stepped by any number of goroutines.
type Program struct {
	name  string
	code  []instruction
	at    map[string]int // label → index in code
	waits []int          // indices in code of the waits: ordinals of State.facts
	exit  bool           // there is an exit_when
}

// operation tells what an instruction does.
type operation uint8

const (
	opSend operation = iota
	opWait
	opBranch
	opExit
	opJump // goes on at to: the end of a branch's case
	opEnd  // after the last step
)

var kinds = [...]string{opSend: "send", opWait: "wait", opBranch: "branch", opExit: "exit", opJump: "", opEnd: ""}

// instruction is one step, or the glue between steps.
type instruction struct {
	op    operation
	label string
	// Of a wait.
	lasts   int64 // milliseconds: for, or the timeout
	forever bool  // until, without a timeout
	until   bool  // there is a condition
	react   int64 // grid of reactions, milliseconds
	grid    int64 // grid of the wake, milliseconds
	ordinal int   // in Program.waits
	// Of a branch: where each case with a condition begins. Of a branch, where
	// those go for whom none holds; of a jump, where everybody goes.
	cases []int
	to    int
	// The waits whose `met` the conditions of this step read, as ordinals.
	reads []int
}

// Compile flattens a journey. It refuses what has no meaning: steps without a
// label or with one that is taken, an unknown kind of step, more instructions
// than a state can count.
func Compile(j *campaign.Journey) (*Program, error) {
	if j == nil {
		return nil, errors.New("journey: nothing to compile")
	}
	c := compiler{Program: Program{name: j.Name, at: map[string]int{}, exit: j.ExitWhen != nil}}
	if err := c.steps(j.Steps); err != nil {
		return nil, fmt.Errorf("journey %s: %w", j.Name, err)
	}
	c.emit(instruction{op: opEnd})
	if len(c.code) > math.MaxUint16 {
		return nil, fmt.Errorf("journey %s: %d instructions are more than %d", j.Name, len(c.code), math.MaxUint16)
	}
	c.resolve(j.ExitWhen)
	return &c.Program, nil
}

// Name is the journey's label.
func (p *Program) Name() string { return p.name }

// compiler builds a Program.
type compiler struct {
	Program
	reads []stepReads
}

// stepReads is what the conditions of one instruction read of other steps.
type stepReads struct {
	pc     int
	labels []string
}

func (c *compiler) emit(i instruction) int {
	c.code = append(c.code, i)
	return len(c.code) - 1
}

// labelled emits the instruction of a step, and remembers what its expressions read.
func (c *compiler) labelled(i instruction, exprs ...*campaign.Expr) (int, error) {
	switch _, taken := c.at[i.label]; {
	case i.label == "":
		return 0, fmt.Errorf("step %d has no label", len(c.at)+1)
	case taken:
		return 0, fmt.Errorf("step %q is there twice", i.label)
	}
	pc := c.emit(i)
	c.at[i.label] = pc
	read := stepReads{pc: pc}
	for _, e := range exprs {
		if e != nil {
			read.labels = append(read.labels, e.Reads.Steps...)
		}
	}
	c.reads = append(c.reads, read)
	return pc, nil
}

func (c *compiler) steps(steps campaign.Steps) error {
	for _, step := range steps {
		if err := c.step(step); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) step(step campaign.Step) (err error) {
	switch s := step.(type) {
	case *campaign.Send:
		exprs := make([]*campaign.Expr, len(s.With))
		for i := range s.With {
			exprs[i] = &s.With[i].Value
		}
		_, err = c.labelled(instruction{op: opSend, label: s.Name}, exprs...)
	case *campaign.Wait:
		err = c.wait(s)
	case *campaign.Branch:
		err = c.branch(s)
	case *campaign.Exit:
		_, err = c.labelled(instruction{op: opExit, label: s.Name})
	default:
		err = fmt.Errorf("a step of kind %T is not known to this version of herald: upgrade the worker", step)
	}
	return err
}

func (c *compiler) wait(w *campaign.Wait) error {
	i := instruction{op: opWait, label: w.Name, lasts: millis(w.For), react: millis(w.React), ordinal: len(c.waits)}
	if w.Until != nil {
		i.until, i.lasts, i.forever = true, millis(w.Timeout), w.Timeout == 0
	}
	i.grid = max(i.react, slack(i.lasts))
	pc, err := c.labelled(i, w.Until)
	if err != nil {
		return err
	}
	c.waits = append(c.waits, pc)
	return nil
}

// branch emits the question, then each case, each but the last closed by a jump
// to what follows.
func (c *compiler) branch(b *campaign.Branch) error {
	exprs := make([]*campaign.Expr, len(b.Cases))
	for i := range b.Cases {
		exprs[i] = b.Cases[i].When
	}
	pc, err := c.labelled(instruction{op: opBranch, label: b.Name}, exprs...)
	if err != nil {
		return err
	}
	otherwise := -1
	var jumps []int
	for _, cs := range b.Cases {
		if otherwise >= 0 {
			return fmt.Errorf("branch %q: case %q can never be reached, after else", b.Name, cs.Name)
		}
		if cs.When == nil {
			otherwise = len(c.code)
		} else {
			c.code[pc].cases = append(c.code[pc].cases, len(c.code))
		}
		if err := c.steps(cs.Steps); err != nil {
			return err
		}
		jumps = append(jumps, c.emit(instruction{op: opJump}))
	}
	after := len(c.code)
	for _, j := range jumps {
		c.code[j].to = after
	}
	if otherwise < 0 {
		otherwise = after
	}
	c.code[pc].to = otherwise
	return nil
}

// resolve turns the labels that conditions read into ordinals of waits. What
// exit_when reads goes along with every question and send.
func (c *compiler) resolve(exit *campaign.Expr) {
	for _, r := range c.reads {
		labels := r.labels
		if exit != nil {
			labels = append(labels, exit.Reads.Steps...)
		}
		for _, label := range labels {
			if pc, ok := c.at[label]; ok && c.code[pc].op == opWait {
				c.code[r.pc].reads = append(c.code[r.pc].reads, c.code[pc].ordinal)
			}
		}
		slices.Sort(c.code[r.pc].reads)
		c.code[r.pc].reads = slices.Compact(c.code[r.pc].reads)
	}
}

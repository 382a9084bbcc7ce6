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
	exit  bool           // there is an exit_when or a goal_when
}

// operation tells what an instruction does.
type operation uint8

const (
	opAct operation = iota // an effect upon the person: a send, an update, a call
	opWait
	opBranch
	opExit
	opJump // goes on at to: the end of a branch's case
	opEnd  // after the last step
)

// instruction is one step, or the glue between steps.
type instruction struct {
	op    operation
	kind  string // as authors name the block: "send", "wait", "split"; "" for glue
	label string
	// Of a wait.
	lasts    int64 // milliseconds: for, or the timeout
	forever  bool  // until, without a timeout
	until    bool  // there is a condition
	personal bool  // the engine is asked until when, for each member
	react    int64 // grid of reactions, milliseconds
	grid     int64 // grid of the wake, milliseconds
	ordinal  int   // in Program.waits
	// Of a branch or split: where each case with a condition, or arm, begins. Of a
	// branch, where those go for whom none holds; of a jump, where everybody goes.
	cases []int
	to    int
	after int // of a branch or split: what follows it
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
	c := compiler{Program: Program{name: j.Name, at: map[string]int{}, exit: j.ExitWhen != nil || j.GoalWhen != nil}}
	if err := c.steps(j.Steps); err != nil {
		return nil, fmt.Errorf("journey %s: %w", j.Name, err)
	}
	c.emit(instruction{op: opEnd})
	if len(c.code) > math.MaxUint16 {
		return nil, fmt.Errorf("journey %s: %d instructions are more than %d", j.Name, len(c.code), math.MaxUint16)
	}
	c.resolve(j.ExitWhen, j.GoalWhen)
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
		err = c.act("send", s, s.With)
	case *campaign.Update:
		err = c.act("update", s, s.Set)
	case *campaign.Subscribe:
		kind := "subscribe"
		if !s.Granted {
			kind = "unsubscribe"
		}
		err = c.act(kind, s, nil)
	case *campaign.Emit:
		err = c.act("emit", s, s.With)
	case *campaign.Call:
		err = c.act("call", s, slices.Concat(s.Query, s.Body))
	case *campaign.Enter:
		err = c.act("enter", s, s.With)
	case *campaign.Throttle:
		err = c.act("throttle", s, nil)
	case *campaign.Wait:
		err = c.wait(s)
	case *campaign.Branch:
		err = c.branch(s)
	case *campaign.Split:
		err = c.split(s)
	case *campaign.Exit:
		_, err = c.labelled(instruction{op: opExit, kind: "exit", label: s.Name})
	default:
		err = fmt.Errorf("a step of kind %T is not known to this version of herald: upgrade the worker", step)
	}
	return err
}

// act emits an effect with the values that it takes.
func (c *compiler) act(kind string, s campaign.Step, with []campaign.Binding) error {
	exprs := make([]*campaign.Expr, len(with))
	for i := range with {
		exprs[i] = &with[i].Value
	}
	_, err := c.labelled(instruction{op: opAct, kind: kind, label: s.StepName()}, exprs...)
	return err
}

func (c *compiler) wait(w *campaign.Wait) error {
	i := instruction{op: opWait, kind: "wait", label: w.Name, lasts: millis(w.For), react: millis(w.React), ordinal: len(c.waits), personal: w.Personal()}
	if w.Until != nil {
		i.until, i.lasts, i.forever = true, millis(w.Timeout), w.Timeout == 0
	}
	i.grid = max(i.react, slack(i.lasts))
	if i.personal {
		i.grid = max(i.react, leastPause)
	}
	pc, err := c.labelled(i, w.Until, w.Delay, w.At)
	if err != nil {
		return err
	}
	c.waits = append(c.waits, pc)
	return nil
}

// branch emits the question, then each case.
func (c *compiler) branch(b *campaign.Branch) error {
	exprs := make([]*campaign.Expr, len(b.Cases))
	for i := range b.Cases {
		exprs[i] = b.Cases[i].When
	}
	pc, err := c.labelled(instruction{op: opBranch, kind: "branch", label: b.Name}, exprs...)
	if err != nil {
		return err
	}
	otherwise := -1
	ways := make([]campaign.Steps, len(b.Cases))
	for i, cs := range b.Cases {
		if otherwise >= 0 {
			return fmt.Errorf("branch %q: case %q can never be reached, after else", b.Name, cs.Name)
		}
		ways[i] = cs.Steps
		if cs.When == nil {
			otherwise = i
		}
	}
	begins, err := c.ways(pc, ways)
	if err != nil {
		return err
	}
	c.code[pc].to = c.code[pc].after
	if otherwise >= 0 {
		c.code[pc].to = begins[otherwise]
		begins = begins[:otherwise]
	}
	c.code[pc].cases = begins
	return nil
}

// split emits the question for the arm, then each arm.
func (c *compiler) split(s *campaign.Split) error {
	pc, err := c.labelled(instruction{op: opBranch, kind: "split", label: s.Name})
	if err != nil {
		return err
	}
	ways := make([]campaign.Steps, len(s.Arms))
	for i, arm := range s.Arms {
		ways[i] = arm.Steps
	}
	if c.code[pc].cases, err = c.ways(pc, ways); err != nil {
		return err
	}
	c.code[pc].to = c.code[pc].after
	return nil
}

// ways emits the ways that part at pc, each closed by a jump to what follows, and
// tells where each begins.
func (c *compiler) ways(pc int, ways []campaign.Steps) ([]int, error) {
	var begins, jumps []int
	for _, steps := range ways {
		begins = append(begins, len(c.code))
		if err := c.steps(steps); err != nil {
			return nil, err
		}
		jumps = append(jumps, c.emit(instruction{op: opJump}))
	}
	for _, j := range jumps {
		c.code[j].to = len(c.code)
	}
	c.code[pc].after = len(c.code)
	return begins, nil
}

// resolve turns the labels that conditions read into ordinals of waits. What
// exit_when and goal_when read goes along with every question and effect.
func (c *compiler) resolve(always ...*campaign.Expr) {
	for _, r := range c.reads {
		labels := r.labels
		for _, e := range always {
			if e != nil {
				labels = append(labels, e.Reads.Steps...)
			}
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

package vector

import (
	"math/bits"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// valueBlock finds a condition that hangs on one attribute alone, a string or a
// date: it is asked once for each value. Nil for others.
func (c *compiler) valueBlock(n ir.Node, test cond) block {
	a := onlyAttribute(n)
	if a == nil {
		return nil
	}
	col := c.table.Attributes[a.Name]
	if col == nil {
		return nil
	}
	switch a.T.Kind {
	case campaign.String, campaign.Ref:
		return &wordBlock{col, test}
	case campaign.Date:
		return &dayBlock{col, test}
	}
	return nil
}

// onlyAttribute is the one attribute that a condition looks at beside what is the
// same for everybody; nil where there is more.
func onlyAttribute(n ir.Node) (only *ir.Attribute) {
	alone := true
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Const, *ir.Now, *ir.Arith, *ir.Neg, *ir.Call, *ir.Compare, *ir.In, *ir.Has, *ir.Not, *ir.Logic, *ir.Cond, *ir.Row:
		case *ir.Field:
			_, row := n.X.(*ir.Row)
			alone = alone && row
		case *ir.Attribute:
			alone = alone && (only == nil || only.Name == n.Name)
			only = n
		default:
			alone = false
		}
		return alone
	})
	if !alone {
		return nil
	}
	return only
}

// verdict is the truth for one value, in bits; 0 is not asked yet.
type verdict = uint8

const (
	asked   verdict = 1
	decided verdict = 2
	holding verdict = 4
)

func verdictOf(t expr.Truth) verdict {
	switch t {
	case expr.True:
		return asked | decided | holding
	case expr.False:
		return asked | decided
	}
	return asked
}

// mark sets some bits of a word to one verdict, without a branch.
func (a *answer) mark(w int, who uint64, v verdict) {
	a.yes[w] |= who & -uint64(v>>2&1)
	a.known[w] |= who & -uint64(v>>1&1)
}

// ask asks for the person of a bit.
func (x *run) ask(test cond, w, j int) verdict {
	x.frame.slot = x.first + uint32(w<<6+j)
	return verdictOf(test(x.frame))
}

// verdicts is the table of a block for this run.
func (x *run) verdicts(of block, size int) []verdict {
	table := x.tables[of]
	if table == nil {
		table = make([]verdict, size)
		x.tables[of] = table
	}
	return table
}

// wordBlock asks once for each distinct string.
type wordBlock struct {
	column *column.Column
	test   cond
}

func (b *wordBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	table := x.verdicts(b, b.column.Dict.Len()+1)
	switch code, from := &b.column.Code, int(x.first); {
	case code.U32 != nil:
		byCode(x, b, from64(code.U32, from), table, live, out)
	case code.U16 != nil:
		byCode(x, b, from64(code.U16, from), table, live, out)
	default:
		byCode(x, b, from64(code.U8, from), table, live, out)
	}
}

// byCode looks each person's string up in the table of verdicts. Its last entry is
// for people without a string.
func byCode[T uint8 | uint16 | uint32](x *run, b *wordBlock, codes []T, table []verdict, live *lanes, out *answer) {
	for w := range x.words {
		known := knownWord(b.column, x.word(w))
		if absent := live[w] &^ known; absent != 0 {
			nobodys := &table[len(table)-1]
			if *nobodys == 0 {
				*nobodys = x.ask(b.test, w, bits.TrailingZeros64(absent))
			}
			out.mark(w, absent, *nobodys)
		}
		wanted := live[w] & known
		if len(codes) >= 64*w+64 && bits.OnesCount64(wanted) >= 8 {
			yes, known := fullWord(x, b, w, codes[64*w:64*w+64], table, wanted)
			out.yes[w] |= yes & wanted
			out.known[w] |= known & wanted
			continue
		}
		for left := wanted; left != 0; left &= left - 1 {
			j := bits.TrailingZeros64(left)
			v := &table[codes[64*w+j]]
			if *v == 0 {
				*v = x.ask(b.test, w, j)
			}
			out.mark(w, 1<<j, *v)
		}
	}
}

// fullWord looks up all 64 people of a word. Who is not wanted may have any code;
// nothing is asked for them.
func fullWord[T uint8 | uint16 | uint32](x *run, b *wordBlock, w int, codes []T, table []verdict, wanted uint64) (yes, known uint64) {
	for j, code := range codes {
		v := table[code]
		if v == 0 && wanted>>(j&63)&1 != 0 {
			v = x.ask(b.test, w, j)
			table[code] = v
		}
		yes = yes>>1 | uint64(v&holding)<<61
		known = known>>1 | uint64(v&decided)<<62
	}
	return yes, known
}

// dayBlock asks once for each date of two centuries; of the people of others one
// by one.
type dayBlock struct {
	column *column.Column
	test   cond
}

const (
	firstDay = -25567 // 1900-01-01
	allDays  = 73049  // until 2099-12-31
)

func (b *dayBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	table := x.verdicts(b, allDays+1)
	days := from64(b.column.Day, int(x.first))
	for w := range x.words {
		known := knownWord(b.column, x.word(w))
		for left := live[w]; left != 0; left &= left - 1 {
			j := bits.TrailingZeros64(left)
			at := allDays // of nobody
			if known>>j&1 != 0 {
				at = int(days[64*w+j]) - firstDay
			}
			if at < 0 || at > allDays || at == allDays && known>>j&1 != 0 {
				out.mark(w, 1<<j, x.ask(b.test, w, j))
				continue
			}
			if table[at] == 0 {
				table[at] = x.ask(b.test, w, j)
			}
			out.mark(w, 1<<j, table[at])
		}
	}
}

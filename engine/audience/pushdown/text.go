package pushdown

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// whiteSpace is what strings.TrimSpace takes away.
const whiteSpace = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

const (
	lower = "abcdefghijklmnopqrstuvwxyz"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// string is a text in the order of its bytes.
func (c *compiler) string(n ir.Node) piece {
	if p, ok := c.plain(n); ok {
		return p
	}
	switch n := n.(type) {
	case *ir.Arith:
		l, r := c.string(n.L), c.string(n.R)
		return joined(fmt.Sprintf("(%s || %s)", l.sql, r.sql), l, r)
	case *ir.Call:
		return c.stringCall(n)
	}
	return c.fail("a text that is computed in another way")
}

func (c *compiler) stringCall(n *ir.Call) piece {
	x := n.Args[0]
	switch kind := x.Type().Kind; {
	case n.Func == ir.ToString && kind == campaign.Bool:
		p := c.bool(x)
		p.sql = fmt.Sprintf(`((CASE WHEN %[1]s THEN 'true' WHEN NOT (%[1]s) THEN 'false' END) COLLATE "C")`, p.sql)
		return p
	case kind != campaign.String && kind != campaign.Ref:
		return c.fail("%s() of a %s", n.Func, x.Type())
	}
	p := c.string(x)
	switch n.Func {
	case ir.ToString:
	case ir.LowerASCII:
		p.sql = fmt.Sprintf("translate(%s, '%s', '%s')", p.sql, upper, lower)
	case ir.UpperASCII:
		p.sql = fmt.Sprintf("translate(%s, '%s', '%s')", p.sql, lower, upper)
	case ir.Trim:
		p.sql = fmt.Sprintf("btrim(%s, %s)", p.sql, c.text(whiteSpace))
	default:
		return c.fail("%s()", n.Func)
	}
	return p
}

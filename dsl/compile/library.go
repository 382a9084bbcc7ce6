package compile

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/library"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// libraries adds the segments of libraries to those of the project, which go
// first: a segment of the project stands in for one of the same name.
func (c *compiler) libraries() {
	for _, b := range c.of("library") {
		name := b.label()
		text, ok := library.Text(name, c.lifecycle(b))
		if !ok { // the schema names it, and so it is there
			continue
		}
		c.bringIn(name, text)
	}
}

// bringIn reads the blocks of a library as if they stood in the project.
func (c *compiler) bringIn(name, text string) {
	file := "library/" + name + ".hcl"
	blocks, diags := syntax.Read(file, []byte(text))
	c.diags = append(c.diags, diags...)
	c.project.Sources[file] = []byte(text) // what diagnostics quote from
	for _, block := range blocks {
		if c.symbols[block.Type][block.Labels[0].Text] != nil {
			continue
		}
		b, ok := c.shapeBlock(block, schema.Root, "a project")
		if ok && c.index(b) {
			b.from = name
			c.bodies = append(c.bodies, b)
		}
	}
}

var plainPrefix = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// lifecycle reads the settings of that library. What is wrong is said, and stands
// as the default, so that the segments are there for those who refer to them.
func (c *compiler) lifecycle(b *body) map[string]string {
	purchase := b.reference("purchase")
	if purchase == "" {
		purchase = campaign.BuiltinEvents()[0].Name
	}
	prefix := b.str("prefix")
	if prefix != "" && !plainPrefix.MatchString(prefix) {
		b.fail("prefix", fmt.Sprintf("%q cannot begin a name.", prefix), "Use letters, digits and _, such as \"shop_\".")
		prefix = ""
	}
	fresh := b.durationOr("new", 30*day)
	active := b.durationOr("active", 90*day)
	lapsed := b.durationOr("lapsed", 180*day)
	if !b.broken && (fresh > active || active >= lapsed) {
		b.fail(b.lastOf("new", "active", "lapsed"), fmt.Sprintf("new (%s), active (%s) and lapsed (%s) must be in that order: who is new is active, and who lapsed was active.",
			campaign.FormatDuration(fresh), campaign.FormatDuration(active), campaign.FormatDuration(lapsed)), "")
	}
	loyal := 5.0
	if n, ok := typed[float64](b, "loyal", "a number"); ok {
		loyal = n
	}
	if loyal < 1 {
		b.fail("loyal", "loyal must be at least 1.", "")
	}
	return map[string]string{
		"purchase": celName(purchase), "prefix": prefix, "new": campaign.FormatDuration(fresh), "active": campaign.FormatDuration(active),
		"lapsed": campaign.FormatDuration(lapsed), "loyal": ir.FormatNumber(loyal),
	}
}

const day = 24 * time.Hour

// durationOr reads a duration of at least a second, or takes the default.
func (b *body) durationOr(name string, otherwise time.Duration) time.Duration {
	if !b.has(name) {
		return otherwise
	}
	d, _ := b.duration(name)
	if d < time.Second {
		if _, known := b.value(name); known && !b.broken {
			b.fail(name, name+" must be at least a second.", "")
		}
		return otherwise
	}
	return d
}

// lastOf is the last of the attributes that is written, or "".
func (b *body) lastOf(names ...string) string {
	last := ""
	for _, n := range names {
		if b.has(n) {
			last = n
		}
	}
	return last
}

// celName is a label as CEL writes it after a dot.
func celName(label string) string {
	return strings.TrimPrefix(ir.Text(&ir.Segment{Name: label}), "segment.")
}

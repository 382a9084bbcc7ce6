package pushdown

import (
	"fmt"
	"strings"
)

// join is what many questions about one window of events, or about consents, are
// answered from: an aggregate for each, next to the person.
type join struct {
	name    string // of the join, among the tables of the statement
	alias   string // of the rows within
	from    string // what the rows are of
	where   string // which of them
	columns []string
	lateral bool // it looks at the person, and cannot be made for all at once
}

// joinOf finds or makes the join over some rows. Where is written with the alias as
// %s. While another join is being made, one over events is always new: so each join
// looks only at younger ones, and none at itself.
func (c *compiler) joinOf(from, where string) *join {
	for _, j := range c.joins {
		if (c.within == nil || from == said) && j.from == from && j.where == strings.ReplaceAll(where, "%s", j.alias) {
			return j
		}
	}
	c.aliases++
	alias := fmt.Sprintf("r%d", c.aliases)
	j := &join{name: fmt.Sprintf("j%d", c.aliases), alias: alias, from: from, where: strings.ReplaceAll(where, "%s", alias)}
	c.joins = append(c.joins, j)
	return j
}

// column adds an aggregate and returns its name. It is NULL where the person has no
// rows.
func (j *join) column(aggregate string) string {
	for i, have := range j.columns {
		if have == aggregate {
			return fmt.Sprintf("%s.c%d", j.name, i)
		}
	}
	j.columns = append(j.columns, aggregate)
	return fmt.Sprintf("%s.c%d", j.name, len(j.columns)-1)
}

// doubt says that one of the rows is in doubt.
func (j *join) doubt(doubts []string) []string {
	if len(doubts) == 0 {
		return nil
	}
	return []string{j.column(fmt.Sprintf("bool_or(%s.seq IS NOT NULL AND (%s))", j.alias, anyOf(doubts))) + " IS TRUE"}
}

// sql is the join as it stands in FROM. People is SQL that chooses some, by the
// number of a row's person; "" for everybody.
func (j *join) sql(people string) string {
	columns := make([]string, len(j.columns))
	for i, aggregate := range j.columns {
		columns[i] = fmt.Sprintf("%s AS c%d", aggregate, i)
	}
	list := strings.Join(columns, ", ")
	if j.lateral {
		return fmt.Sprintf("LEFT JOIN LATERAL (SELECT %s FROM %s %s WHERE %s.person = p.id AND %s) %s ON TRUE", list, j.from, j.alias, j.alias, j.where, j.name)
	}
	if people != "" {
		people = fmt.Sprintf(" AND %s.person = ANY(%s)", j.alias, people)
	}
	return fmt.Sprintf("LEFT JOIN (SELECT %s.person, %s FROM %s %s WHERE %s%s GROUP BY %s.person) %s ON %s.person = p.id",
		j.alias, list, j.from, j.alias, j.where, people, j.alias, j.name, j.name)
}

// inside makes columns of a join: what f looks at of the person makes it lateral,
// and variables from outside cannot be seen.
func (c *compiler) inside(j *join, f func()) {
	within, vars := c.within, c.vars
	c.within, c.vars = j, map[int]binding{}
	f()
	c.within, c.vars = within, vars
	c.ofPerson()
}

// ofPerson notes that what is being made looks at the person.
func (c *compiler) ofPerson() {
	if c.within != nil {
		c.within.lateral = true
	}
}

// ordered are the joins, each after those whose columns it looks at.
func ordered(joins []*join) []*join {
	var out []*join
	placed := map[*join]bool{}
	var place func(*join)
	place = func(j *join) {
		if placed[j] {
			return
		}
		placed[j] = true
		text := j.where + " " + strings.Join(j.columns, " ")
		for _, other := range joins {
			if other != j && strings.Contains(text, other.name+".c") {
				place(other)
			}
		}
		out = append(out, j)
	}
	for _, j := range joins {
		place(j)
	}
	return out
}

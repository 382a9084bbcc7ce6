package index

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// described is a plan in a line.
func described(p column.Plan) string {
	parts := slices.Sorted(maps.Keys(p.Attributes))
	for _, label := range p.Labels() {
		var props []string
		for _, name := range slices.Sorted(maps.Keys(p.Events[label])) {
			props = append(props, name+" "+p.Events[label][name].Kept.String())
		}
		parts = append(parts, label+"("+strings.Join(props, ", ")+")")
	}
	parts = append(parts, p.Topics...)
	parts = append(parts, p.Channels...)
	if p.Details {
		parts = append(parts, "details")
	}
	return strings.Join(parts, "; ")
}

// What a condition looks at is kept, and what it does not is not.
func TestWants(t *testing.T) {
	p := linktest.Project(t, bakery()...)
	for source, want := range map[string]string{
		"true":                                                       "",
		"profile.spend > 1":                                          "spend",
		"has(profile.email)":                                         "email",
		"profile.store.city == 'Berlin'":                             "store",
		"topic.news.subscribed":                                      "news",
		"reachable.email":                                            "email",
		"consent.news.email.granted":                                 "news; email",
		"consent.news.email.at < now":                                "news; email; details",
		"events.order.count() > 2":                                   "order()",
		"events.order.within('9d').any()":                            "order()",
		"events.order.sum(o, o.total) > 2":                           "order(total number)",
		"events.order.last().total > 2":                              "order(total number)",
		"events.order.first().at < now":                              "order()",
		"events.order.gap() > duration('1d')":                        "order()",
		"events.order.where(o, o.coupon == 'X').sum(o, o.total) > 2": "order(coupon string, total number)",
		"events.order.exists(o, o.items.exists(i, i.price > 2))":     "order(items list(object({price? = number})))",
		"events.order.exists(o, o.items.exists(i, 'x' in i.tags && i.sku == 'x'))":       "order(items list(object({sku = string, tags? = set(string)})))",
		"events.order.exists(o, size(o.items) > 2)":                                      "order(items list(object({price? = number, sku = string, tags? = set(string)})))",
		"events.order.exists(o, o.items[0].sku == 'x')":                                  "order(items list(object({sku = string})))",
		"events.order.exists(o, o.items.filter(i, i.price > 2).exists(i, i.sku == 'x'))": "order(items list(object({price? = number, sku = string})))",
		"events.order.flat(o, o.items).exists(i, i.price > 2)":                           "order(items list(object({price? = number})))",
		"events.order.flat(o, o.items).top(i, i.sku, i.price) == 'x'":                    "order(items list(object({price? = number, sku = string})))",
		"events.order.since(profile.birthday).any()":                                     "birthday; order()",
		"sequence(events.visit.where(v, v.page == '/'), events.order)":                   "order(); visit(page string)",
		"events.visit.exists(v, events.order.exists(o, o.coupon == v.page))":             "order(coupon string); visit(page string)",
		"segment.vip_readers": "order(total number); news",
		"segment.quiet":       "spend; visit()",
		"events.order.last().items.exists(i, i.sku == profile.first_name)":                 "first_name; order(items list(object({sku = string})))",
		"(profile.vip ? events.order.first() : events.order.last()).total > 1":             "vip; order(total number)",
		"has(events.order.last().coupon)":                                                  "order(coupon string)",
		"events.order.max(o, o.total) > 1 && events.order.distinct(o, o.note) > 1":         "order(note string, total number)",
		"events.order.exists(o, o.items.map(i, i.tags).exists(t, 'x' in t))":               "order(items list(object({tags? = set(string)})))",
		"events.order.exists(o, o.items.exists(i, i.tags.exists(t, t.startsWith('glu'))))": "order(items list(object({tags? = set(string)})))",
	} {
		c, problems, err := p.Condition(source)
		require.NoError(t, err)
		require.NotNil(t, c, "%s: %v", source, problems)
		require.Equal(t, want, described(planOfCondition(p, c)), source)
	}
}

// Package crumb makes up the customers of The Daily Crumb: 2,000 subscribers of
// five bakeries and what they did in two years, plausible but nobody's.
//
// Enters: a seed, a number of people, an instant at which the story ends. Leaves:
// the same CSV for the same input, in the columns that `herald import` takes.
// Refused: real names and addresses; every address ends in .example.
package crumb

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say how big the story is. The zero value is The Daily Crumb's.
type Options struct {
	Seed   uint64
	People int       // 0: 2,000
	Events int       // 0: 24 for each person
	Until  time.Time // when the story ends; zero: 2026-11-22 06:00 UTC
}

func (o Options) withDefaults() Options {
	o.People = cmp.Or(o.People, 2000)
	o.Events = cmp.Or(o.Events, 24*o.People)
	if o.Until.IsZero() {
		o.Until = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	}
	return o
}

// Town is all that was made up.
type Town struct {
	People []Person
	Events []Event // by time
}

// Person is one subscriber.
type Person struct {
	ID, FirstName, Email, Birthday, Dietary, Store, Source, Language, Timezone string
	CreatedAt                                                                  time.Time
	Weekly, Offers                                                             string // "subscribed", "unsubscribed" or ""
	Latitude, Longitude                                                        string // home, in degrees; "" where nothing is ever brought to

	Rate    float64   // orders a week while a customer
	Web     bool      // shops on the web as well
	Looker  bool      // looks on the web, and has never bought
	Churned time.Time // stops being a customer; zero: still is one
	Reads   float64   // how likely a mail is opened
	Clicks  float64   // how likely an opened mail is followed to the shop
	taste   []float64 // weight of each product
}

// Event is something that one of them did.
type Event struct {
	Person int // index
	Name   string
	At     time.Time
	Cart   string
	Items  []Item
	SKU    string // of a product viewed
	Path   string // of a page viewed
	Store  string
}

// Item is one line of an order or a cart.
type Item struct {
	Product
	Quantity int
}

// Total is the sum of an event's items, in EUR.
func (e Event) Total() float64 {
	sum := 0.0
	for _, i := range e.Items {
		sum += i.Price * float64(i.Quantity)
	}
	return math.Round(sum*100) / 100
}

// history is how far back the story goes.
const history = 2 * 365 * 24 * time.Hour

// Make makes the town up.
func Make(o Options) *Town {
	o = o.withDefaults()
	t := &Town{}
	for i := range o.People {
		t.People = append(t.People, person(rand.New(rand.NewPCG(o.Seed, uint64(i))), i, o.Until))
	}
	t.shop(o)
	slices.SortStableFunc(t.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	return t
}

func person(r *rand.Rand, i int, until time.Time) Person {
	first := firstNames[r.IntN(len(firstNames))]
	p := Person{
		ID:        fmt.Sprintf("c%04d", i+1),
		Email:     fmt.Sprintf("%s.%s%d@mail.example", strings.ToLower(first), strings.ToLower(lastNames[r.IntN(len(lastNames))]), i+1),
		Source:    pick(r, []string{"web", "till", "event"}, []float64{5, 4, 1}),
		Language:  pick(r, []string{"en", "de", ""}, []float64{6, 3, 1}),
		Timezone:  pick(r, []string{"Europe/Berlin", "Europe/London", "America/New_York", ""}, []float64{88, 3, 2, 7}),
		CreatedAt: until.Add(-time.Duration(math.Pow(r.Float64(), 1.4) * float64(history))).Truncate(time.Second),
		Web:       r.Float64() < 0.55,
		Reads:     beta(r, 2, 4),
		Clicks:    beta(r, 1.5, 6),
		Rate:      0.05 + gamma(r, 0.9)*0.55,
	}
	if r.Float64() < 0.94 {
		p.FirstName = first
	}
	if r.Float64() < 0.6 {
		p.Birthday = time.Date(1945+r.IntN(62), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(365)).Format(time.DateOnly)
	}
	if r.Float64() < 0.82 {
		p.Store = Stores[r.IntN(len(Stores))]
	}
	p.Dietary = diet(r)
	p.taste = tastes(r, p.Dietary)
	p.Weekly = pick(r, []string{"subscribed", "unsubscribed", ""}, []float64{72, 8, 20})
	p.Offers = pick(r, []string{"subscribed", "unsubscribed", ""}, []float64{61, 9, 30})
	if r.Float64() < 0.5 { // the churned half
		p.Churned = p.CreatedAt.Add(time.Duration(r.Float64() * float64(until.Sub(p.CreatedAt))))
	}
	if r.Float64() < 0.7 {
		p.Latitude, p.Longitude = home(r, cmp.Or(p.Store, Stores[0]))
	}
	p.Looker = p.Web && r.Float64() < 0.25
	return p
}

// home is some way from a bakery: two kilometres, give or take.
func home(r *rand.Rand, store string) (latitude, longitude string) {
	at := places[store]
	const degree = 111.2 // km of latitude; of longitude it is less by the cosine
	north, east := r.NormFloat64()*1.8/degree, r.NormFloat64()*1.8/degree/math.Cos(at[0]*math.Pi/180)
	return strconv.FormatFloat(at[0]+north, 'f', 4, 64), strconv.FormatFloat(at[1]+east, 'f', 4, 64)
}

func diet(r *rand.Rand) string {
	var all []string
	for _, d := range []struct {
		name  string
		share float64
	}{{"gluten_free", 0.09}, {"vegan", 0.14}, {"nut_free", 0.05}} {
		if r.Float64() < d.share {
			all = append(all, d.name)
		}
	}
	return strings.Join(all, "|")
}

// tastes weighs the products: everybody has favourites, and eats by their diet.
func tastes(r *rand.Rand, dietary string) []float64 {
	weights := make([]float64, len(Products))
	for i, p := range Products {
		weights[i] = gamma(r, 0.4)
		if strings.Contains(dietary, "gluten_free") && !slices.Contains(p.Tags, "gluten_free") ||
			strings.Contains(dietary, "vegan") && !slices.Contains(p.Tags, "vegan") {
			weights[i] *= 0.02
		}
	}
	return weights
}

// shop lets everybody live: signing up, looking, filling carts, buying.
func (t *Town) shop(o Options) {
	scale := 1.0
	for range 4 { // the number of events is a goal, met within a percent or so
		t.Events = t.Events[:0]
		for i := range t.People {
			r := rand.New(rand.NewPCG(o.Seed+1, uint64(i)))
			t.live(r, i, scale, o.Until)
		}
		ratio := float64(o.Events) / float64(max(1, len(t.Events)))
		if math.Abs(ratio-1) < 0.01 {
			return
		}
		scale *= ratio
	}
}

func (t *Town) live(r *rand.Rand, i int, scale float64, until time.Time) {
	p := &t.People[i]
	t.add(Event{Person: i, Name: "Signed Up", At: p.CreatedAt})
	end := until
	if !p.Churned.IsZero() {
		end = p.Churned
	}
	for at := p.CreatedAt; ; {
		at = at.Add(time.Duration(r.ExpFloat64() / (p.Rate * scale) * 7 * 24 * float64(time.Hour)))
		if at.After(end) {
			break
		}
		if r.Float64() > season(at)/1.7 {
			continue
		}
		t.visit(r, i, openingTime(r, at), end)
	}
}

// visit is a look, a cart, an order, or all of them.
func (t *Town) visit(r *rand.Rand, i int, at, end time.Time) {
	p := &t.People[i]
	if at.After(end) {
		return
	}
	items := p.Basket(r)
	cart := ""
	if p.Web && (p.Looker || r.Float64() < 0.6) {
		t.add(Event{Person: i, Name: "Page Viewed", At: at, Path: landing(r, items[0])})
		for n, it := range items {
			t.add(Event{Person: i, Name: "Product Viewed", At: at.Add(time.Duration(n+1) * 20 * time.Second), SKU: it.SKU})
		}
		if p.Looker || r.Float64() < 0.3 {
			return // only looked
		}
		at = at.Add(2 * time.Minute)
		cart = fmt.Sprintf("k%d-%d", i+1, at.Unix())
		t.add(Event{Person: i, Name: "Cart Updated", At: at.Add(time.Minute), Cart: cart, Items: items})
		if r.Float64() < 0.25 {
			return // left it
		}
		at = at.Add(time.Duration(2+r.IntN(40)) * time.Minute)
	}
	if at.Before(end) {
		t.add(Event{Person: i, Name: "Order Completed", At: at, Cart: cart, Items: items, Store: cmp.Or(p.Store, Stores[r.IntN(len(Stores))])})
	}
}

// landing is the page that a visit begins with.
func landing(r *rand.Rand, item Item) string {
	return pick(r, []string{"/", "/week", "/story", "/bread/" + item.Category}, []float64{4, 2, 1, 3})
}

func (t *Town) add(e Event) {
	e.At = e.At.Truncate(time.Second)
	t.Events = append(t.Events, e)
}

// Basket is what a person would buy now.
func (p *Person) Basket(r *rand.Rand) []Item {
	var items []Item
	for range 1 + r.IntN(3) {
		product := Products[weighted(r, p.taste)]
		if !slices.ContainsFunc(items, func(i Item) bool { return i.SKU == product.SKU }) {
			items = append(items, Item{product, 1 + r.IntN(5)/4})
		}
	}
	return items
}

// season is how busy a day is: weekends, Advent, and the holidays in August.
func season(t time.Time) float64 {
	s := 1.0
	switch t.Weekday() {
	case time.Saturday:
		s = 1.6
	case time.Sunday:
		s = 1.2
	case time.Monday:
		s = 0.7
	}
	switch t.Month() {
	case time.December:
		s *= 1.35
	case time.August:
		s *= 0.7
	}
	return s
}

// openingTime moves an instant into the hours in which bread is bought.
func openingTime(r *rand.Rand, t time.Time) time.Time {
	hour := 6 + r.NormFloat64()*2.2 + 3
	hour = min(max(hour, 5.5), 18)
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Second)
}

// WritePeople writes the people as CSV, consents and their proof included.
func (t *Town) WritePeople(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"id", "email", "first_name", "birthday", "dietary", "store", "signup_source", "language", "timezone",
		"latitude", "longitude",
		"created_at", "topic.weekly_special", "topic.offers", "consent_at", "consent_source"})
	for _, p := range t.People {
		_ = c.Write([]string{p.ID, p.Email, p.FirstName, p.Birthday, p.Dietary, p.Store, p.Source, p.Language, p.Timezone,
			p.Latitude, p.Longitude, stamp(p.CreatedAt), p.Weekly, p.Offers, stamp(p.CreatedAt), "sign-up form (" + p.Source + ")"})
	}
	c.Flush()
	return c.Error()
}

// WriteEvents writes the events as CSV.
func (t *Town) WriteEvents(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"user_id", "event", "timestamp", "message_id", "total", "cart_id", "store", "items", "sku", "category", "source", "path"})
	for n, e := range t.Events {
		row := []string{t.People[e.Person].ID, e.Name, stamp(e.At), "m" + strconv.Itoa(n+1), "", e.Cart, e.Store, "", "", "", "", e.Path}
		switch e.Name {
		case "Order Completed":
			row[4], row[7] = strconv.FormatFloat(e.Total(), 'f', 2, 64), ItemsJSON(e.Items)
		case "Cart Updated":
			row[7] = ItemsJSON(e.Items)
		case "Product Viewed":
			row[8], row[9] = e.SKU, productBySKU(e.SKU).Category
		case "Signed Up":
			row[10] = t.People[e.Person].Source
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/internal/crumb"
	"github.com/herald-campaigns/herald/providers/mailbox"
)

// crowd plays the customers of the demo. They see nothing but what people see:
// their mails in the mailbox, the links in them, and the shop, which tells
// herald over HTTP what they do.
type crowd struct {
	town   *crumb.Town
	byMail map[string]int
	clock  clock.Clock
	base   string
	key    string
	boxDir string
	random *rand.Rand
	client *http.Client

	err   io.Writer
	first sync.Once // failed request: one is told in full

	mu    sync.Mutex
	done  map[string]int // what happened today
	carts int
}

func newCrowd(town *crumb.Town, up *upright, seed uint64, errs io.Writer) *crowd {
	c := &crowd{
		town: town, byMail: map[string]int{}, clock: up.clock, base: "http://" + up.http, key: up.key,
		boxDir: up.house.dataDir, random: rand.New(rand.NewPCG(seed, 99)), done: map[string]int{}, err: errs,
		client: &http.Client{
			Timeout: 20 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { // the shop itself does not exist
				return http.ErrUseLastResponse
			},
		},
	}
	for i, p := range town.People {
		c.byMail[p.Email] = i
	}
	return c
}

// happening is something that somebody will do.
type happening struct {
	at time.Time
	do func(context.Context) error
}

// run lets the crowd live until a campaign instant.
func (c *crowd) run(ctx context.Context, end time.Time) error {
	plan := &agenda{}
	c.shopping(plan, end)
	box := mailbox.Open(c.boxDir)
	seen := ""
	slots := make(chan struct{}, 16)
	var group sync.WaitGroup
	defer group.Wait()
	for ctx.Err() == nil && c.clock.Now().Before(end) {
		for _, mail := range box.Since(seen) {
			seen = mail.ID
			c.receive(plan, mail)
		}
		for _, h := range plan.due(c.clock.Now()) {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				if err := h.do(ctx); err != nil && ctx.Err() == nil {
					c.count("failed requests")
					c.first.Do(func() { fmt.Fprintf(c.err, "herald: a request of the made-up customers failed: %v.\n", err) })
				}
			})
		}
		pause(ctx, 20*time.Millisecond)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// shopping plans what the customers do of themselves.
func (c *crowd) shopping(plan *agenda, end time.Time) {
	now := c.clock.Now()
	days := end.Sub(now).Hours() / 24
	for i, p := range c.town.People {
		rate := p.Rate / 7 // visits a day
		if !p.Churned.IsZero() {
			rate = 0.003
		}
		for at := c.random.ExpFloat64() / rate; at < days; at += c.random.ExpFloat64() / rate {
			c.visit(plan, i, now.Add(time.Duration(at*24*float64(time.Hour))))
		}
	}
	for n := range max(1, len(c.town.People)/50) { // newcomers
		at := now.Add(time.Duration(c.random.Float64() * 0.6 * days * 24 * float64(time.Hour)))
		plan.add(at, func(ctx context.Context) error { return c.join(ctx, n, at) })
	}
}

// visit is a look, a cart, an order, or all of them.
func (c *crowd) visit(plan *agenda, person int, at time.Time) {
	p := &c.town.People[person]
	items := p.Basket(c.random)
	if !p.Web {
		plan.add(at, c.order(p.ID, "", items, p.Store))
		return
	}
	c.mu.Lock()
	c.carts++
	cart := fmt.Sprintf("w%d", c.carts)
	c.mu.Unlock()
	for _, item := range items {
		plan.add(at.Add(-5*time.Minute), func(ctx context.Context) error {
			return c.track(ctx, p.ID, "Product Viewed", map[string]any{"sku": item.SKU, "category": item.Category})
		})
	}
	plan.add(at, func(ctx context.Context) error {
		c.count("carts")
		return c.track(ctx, p.ID, "Cart Updated", map[string]any{"cart_id": cart, "items": json.RawMessage(crumb.ItemsJSON(items))})
	})
	if c.random.Float64() < 0.6 {
		plan.add(at.Add(20*time.Minute), c.order(p.ID, cart, items, p.Store))
	}
}

func (c *crowd) order(id, cart string, items []crumb.Item, store string) func(context.Context) error {
	return func(ctx context.Context) error {
		c.count("orders")
		properties := map[string]any{"total": crumb.Event{Items: items}.Total(), "items": json.RawMessage(crumb.ItemsJSON(items))}
		if cart != "" {
			properties["cart_id"] = cart
		}
		if store != "" {
			properties["store"] = store
		}
		return c.track(ctx, id, "Order Completed", properties)
	}
}

// join is a newcomer who signs up.
func (c *crowd) join(ctx context.Context, n int, at time.Time) error {
	c.count("sign-ups")
	id := fmt.Sprintf("n%04d", n+1)
	traits := map[string]any{"email": fmt.Sprintf("newcomer%d@mail.example", n+1), "first_name": "Newcomer"}
	if n%3 == 0 {
		traits["dietary"] = []string{"gluten_free"}
	}
	if err := c.post(ctx, "identify", map[string]any{"userId": id, "traits": traits, "timestamp": at}); err != nil {
		return err
	}
	consent := map[string]any{"topic": "weekly_special", "channel": "email", "source": "sign-up form", "proof": "ticked the box on the web"}
	if err := c.post(ctx, "track", map[string]any{"userId": id, "event": "subscribed", "properties": consent, "messageId": id + "-consent"}); err != nil {
		return err
	}
	return c.track(ctx, id, "Signed Up", map[string]any{"source": "web"})
}

// receive decides what a person makes of a mail: each reads, follows and leaves
// with a probability of their own.
func (c *crowd) receive(plan *agenda, mail mailbox.Mail) {
	c.count("mails")
	reads, clicks := 0.5, 0.2
	person, known := c.byMail[mail.To]
	if known {
		reads, clicks = c.town.People[person].Reads, c.town.People[person].Clicks
	}
	if c.random.Float64() > reads {
		return
	}
	links := linksOf(mail.HTML)
	opened := c.clock.Now().Add(time.Duration(c.random.ExpFloat64() * 3 * float64(time.Hour)))
	plan.add(opened, c.follow("opens", links.pixel))
	switch x := c.random.Float64(); {
	case x < 0.006 && links.unsubscribe != "":
		plan.add(opened.Add(time.Minute), c.unsubscribe(links.unsubscribe))
	case x < 0.006+clicks && len(links.clicks) > 0:
		plan.add(opened.Add(2*time.Minute), c.follow("clicks", links.clicks[c.random.IntN(len(links.clicks))]))
		if known && c.random.Float64() < 0.35 {
			p := &c.town.People[person]
			plan.add(opened.Add(30*time.Minute), c.order(p.ID, "", p.Basket(c.random), p.Store))
		}
	}
}

// mailLinks are the links of a mail that a person can use.
type mailLinks struct {
	pixel, unsubscribe string
	clicks             []string
}

var hrefs = regexp.MustCompile(`(?:href|src)="(https?://[^"]+/(o|c|u)/[^"]+)"`)

func linksOf(html string) mailLinks {
	var l mailLinks
	for _, m := range hrefs.FindAllStringSubmatch(html, -1) {
		switch url := strings.ReplaceAll(m[1], "&amp;", "&"); m[2] {
		case "o":
			l.pixel = url
		case "u":
			l.unsubscribe = url
		case "c":
			l.clicks = append(l.clicks, url)
		}
	}
	return l
}

func (c *crowd) follow(what, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		if url == "" {
			return nil
		}
		c.count(what)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		return c.do(req)
	}
}

func (c *crowd) unsubscribe(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		c.count("unsubscribed")
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return c.do(req)
	}
}

func (c *crowd) track(ctx context.Context, id, event string, properties map[string]any) error {
	return c.post(ctx, "track", map[string]any{"userId": id, "event": event, "properties": properties})
}

// post sends a call of the HTTP API, stamped with campaign time.
func (c *crowd) post(ctx context.Context, kind string, call map[string]any) error {
	if call["timestamp"] == nil {
		call["timestamp"] = c.clock.Now()
	}
	body, err := json.Marshal(call)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/"+kind, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(c.key, "")
	return c.do(req)
}

func (c *crowd) do(req *http.Request) error {
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 2000))
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s: %s: %s", req.URL.Path, resp.Status, answer)
	}
	return nil
}

func (c *crowd) count(what string) {
	c.mu.Lock()
	c.done[what]++
	c.mu.Unlock()
}

// summary tells what happened since it was last asked.
func (c *crowd) summary() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, what := range []string{"sign-ups", "carts", "orders", "mails", "opens", "clicks", "unsubscribed", "failed requests"} {
		if n := c.done[what]; n > 0 || what == "mails" {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	clear(c.done)
	return strings.Join(parts, ", ")
}

// agenda is what will happen, by time.
type agenda struct {
	mu    sync.Mutex
	items []happening // a heap would do; a few thousand are sorted when taken
}

func (a *agenda) add(at time.Time, do func(context.Context) error) {
	a.mu.Lock()
	a.items = append(a.items, happening{at, do})
	a.mu.Unlock()
}

// due takes what is to happen now.
func (a *agenda) due(now time.Time) []happening {
	a.mu.Lock()
	defer a.mu.Unlock()
	var due []happening
	keep := a.items[:0]
	for _, h := range a.items {
		if h.at.After(now) {
			keep = append(keep, h)
		} else {
			due = append(due, h)
		}
	}
	clear(a.items[len(keep):])
	a.items = keep
	return due
}

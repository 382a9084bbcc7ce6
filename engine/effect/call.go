package effect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// What bounds calls.
const (
	callsAtOnce  = 8
	maxAnswer    = 1 << 20 // bytes
	firstBackoff = 250 * time.Millisecond
	mostBackoff  = 10 * time.Second
)

// answer is what came of a call.
type answer struct {
	traveller *enrolment.Traveller
	status    int // 0: nobody answered
	response  map[string]any
	done      bool // an earlier attempt wrote it down
}

// calls asks the web service for each member, and writes down what it said.
func (b *batch) calls(ctx context.Context, def *campaign.Call) (journey.SendResult, error) {
	var travellers []*enrolment.Traveller
	answers := []answer{}
	err := b.Store.View(ctx, func(r store.Reader) (err error) {
		if travellers, err = b.load(r); err != nil {
			return err
		}
		answers, err = b.earlier(r, travellers)
		return err
	})
	if err != nil {
		return journey.SendResult{}, err
	}
	headers, err := b.headers(def)
	if err != nil {
		return journey.SendResult{}, err
	}
	b.askAll(ctx, def, headers, answers)
	if ctx.Err() != nil {
		return journey.SendResult{}, ctx.Err()
	}
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		for _, a := range answers {
			if a.done {
				continue
			}
			if _, err := b.record(tx, a.traveller, "call_answered", b.place(a.properties())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return journey.SendResult{}, err
	}
	for _, a := range answers {
		outcome := journey.OutcomeSent
		if a.status < 200 || a.status > 299 {
			outcome = journey.OutcomeFailed
		}
		b.result.Add(a.traveller.Enrolment.Index, outcome)
	}
	return b.result, nil
}

func (a *answer) properties() map[string]any {
	out := map[string]any{"status": float64(a.status)}
	if a.response != nil {
		out["response"] = a.response
	}
	return out
}

// earlier finds what attempts before this one wrote down.
func (b *batch) earlier(r store.Reader, travellers []*enrolment.Traveller) ([]answer, error) {
	out := make([]answer, len(travellers))
	for i, t := range travellers {
		out[i].traveller = t
		e, err := r.EventByMessageID(b.key(t))
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			status, _ := e.Properties["status"].(float64)
			out[i].status, out[i].done = int(status), true
		}
	}
	return out, nil
}

// headers are those that are written down, and the secret ones.
func (b *batch) headers(def *campaign.Call) (http.Header, error) {
	out := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for name, value := range def.Headers {
		out.Set(name, value)
	}
	for name, secret := range def.Secrets {
		if b.Secrets == nil {
			return nil, fmt.Errorf("header %s is secret, and no secrets can be looked up here", name)
		}
		value, err := b.Secrets(secret)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		out.Set(name, value)
	}
	return out, nil
}

func (b *batch) askAll(ctx context.Context, def *campaign.Call, headers http.Header, answers []answer) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, callsAtOnce)
	for i := range answers {
		if answers[i].done {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			b.ask(ctx, def, headers, &answers[i])
		})
	}
	wg.Wait()
}

// ask calls until there is an answer that stays, or the retries are used up.
func (b *batch) ask(ctx context.Context, def *campaign.Call, headers http.Header, a *answer) {
	for attempt := 0; ; attempt++ {
		status, response, after, err := b.once(ctx, def, headers, a.traveller)
		if err != nil {
			b.Log.WarnContext(ctx, "a call failed", "journey", b.journey.Def.Name, "step", def.Name, "attempt", attempt+1, "error", scrubbed(err))
		}
		a.status, a.response = status, response
		if attempt >= def.Retries || !passing(status, err) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause(attempt, after)):
		}
	}
}

// passing reports whether a failure may pass.
func passing(status int, err error) bool {
	if errors.Is(err, ErrForbidden) {
		return false
	}
	return err != nil || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

func pause(attempt int, after time.Duration) time.Duration {
	return min(max(firstBackoff<<min(attempt, 10), after), mostBackoff)
}

// scrubbed leaves the URL out of an error: its query holds values of people.
func scrubbed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// once makes one request. A status with an error is that of an answer that is no
// JSON where one was declared.
func (b *batch) once(ctx context.Context, def *campaign.Call, headers http.Header, t *enrolment.Traveller) (status int, response map[string]any, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, def.Timeout)
	defer cancel()
	request, err := b.request(ctx, def, t)
	if err != nil {
		return 0, nil, 0, err
	}
	for name, values := range headers {
		request.Header[name] = values
	}
	request.Header.Set("Idempotency-Key", b.key(t))
	got, err := b.Client.Do(request)
	if err != nil {
		return 0, nil, 0, err
	}
	defer got.Body.Close()
	if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); err == nil && seconds > 0 {
		after = time.Duration(seconds) * time.Second
	}
	body, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, after, err
	}
	if got.StatusCode > 299 || len(def.Response) == 0 {
		return got.StatusCode, nil, after, nil
	}
	response, err = typed(def.Response, body)
	if err != nil {
		b.Log.WarnContext(ctx, "a call was answered with something else than declared", "journey", b.journey.Def.Name, "step", def.Name, "error", err)
	}
	return got.StatusCode, response, after, nil
}

func (b *batch) request(ctx context.Context, def *campaign.Call, t *enrolment.Traveller) (*http.Request, error) {
	u, err := url.Parse(def.URL)
	if err != nil {
		return nil, err
	}
	query := u.Query()
	for name, v := range values(t, b.step.Query) {
		query.Set(name, text(v))
	}
	u.RawQuery = query.Encode()
	var body io.Reader
	if len(def.Body) > 0 {
		encoded, err := json.Marshal(values(t, b.step.With))
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	return http.NewRequestWithContext(ctx, def.Method, u.String(), body)
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// typed reads the fields that are declared; one that does not fit is left out.
func typed(fields []campaign.Field, body []byte) (map[string]any, error) {
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("it is longer than %d bytes", maxAnswer)
	}
	var raw map[string]any
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, errors.New("it is no JSON object")
	}
	out := map[string]any{}
	for _, f := range fields {
		if v, err := campaign.Coerce(f.Type, raw[f.Name]); err == nil && v != nil {
			out[f.Name] = campaign.JSONValue(v)
		}
	}
	return out, nil
}

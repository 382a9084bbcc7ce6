package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// shopModel is a small project for measuring.
func shopModel() *Model {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	return &Model{
		Profile: &campaign.Profile{Attributes: append(campaign.BuiltinAttributes(),
			campaign.Attribute{Name: "first_name", Type: str}, campaign.Attribute{Name: "birthday", Type: campaign.Of(campaign.Date)},
			campaign.Attribute{Name: "dietary", Type: campaign.SetOf(str), OneOf: []string{"vegan", "nut_free"}}, campaign.Attribute{Name: "visits", Type: num})},
		Events: []*campaign.Event{{Name: "order_completed", Wire: "Order Completed", Properties: []campaign.Field{{Name: "cart_id", Type: str}, {Name: "sku", Type: str}, {Name: "total", Type: num}}}},
	}
}

type benchOrder struct {
	User  string    `parquet:"user_id"`
	Event string    `parquet:"event,dict"`
	At    time.Time `parquet:"timestamp,timestamp(millisecond)"`
	Total float64   `parquet:"total"`
	Cart  string    `parquet:"cart_id"`
	SKU   string    `parquet:"sku,dict"`
}

// benchFile has so many rows of a kind in a format.
func benchFile(b testing.TB, kind Kind, format Format, rows int) []byte {
	var out bytes.Buffer
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	w := parquet.NewGenericWriter[benchOrder](&out)
	switch {
	case format == Parquet:
	case kind == Profiles && format == CSV:
		out.WriteString("id,email,first_name,birthday,dietary,visits\n")
	case format == CSV:
		out.WriteString("user_id,event,timestamp,total,cart_id,sku\n")
	}
	for i := range rows {
		at = at.Add(time.Second)
		switch {
		case format == Parquet:
			_, err := w.Write([]benchOrder{{fmt.Sprint(i * 7919 % 20_000), "Order Completed", at, 4.2, fmt.Sprint("c", i), "rye"}})
			require.NoError(b, err)
		case kind == Profiles && format == CSV:
			fmt.Fprintf(&out, "%d,reader%d@example.com,Ada,1990-12-10,vegan|nut_free,%d\n", i, i, i)
		case kind == Profiles:
			fmt.Fprintf(&out, `{"id":%d,"email":"reader%d@example.com","first_name":"Ada","birthday":"1990-12-10","dietary":["vegan"],"visits":%d}`+"\n", i, i, i)
		case format == CSV:
			fmt.Fprintf(&out, "%d,Order Completed,%s,4.20,c%d,rye\n", i*7919%20_000, at.Format(time.RFC3339), i)
		default:
			fmt.Fprintf(&out, `{"user_id":%d,"event":"Order Completed","at":%q,"total":4.2,"cart_id":"c%d","sku":"rye"}`+"\n", i*7919%20_000, at.Format(time.RFC3339), i)
		}
	}
	if format == Parquet {
		require.NoError(b, w.Close())
	}
	return out.Bytes()
}

// BenchmarkUnderstand reads and understands rows without storing them: what an
// import costs beside the store.
func BenchmarkUnderstand(b *testing.B) {
	for _, test := range []struct {
		kind   Kind
		format Format
	}{{Profiles, CSV}, {Events, CSV}, {Profiles, JSONL}, {Events, JSONL}, {Events, Parquet}} {
		b.Run(strings.Join([]string{string(test.kind), string(test.format)}, "/"), func(b *testing.B) {
			file := benchFile(b, test.kind, test.format, b.N)
			i := &importing{
				options: ImportOptions{Kind: test.kind, Format: test.format}, words: newVocabulary(shopModel()), warned: map[string]bool{},
				origin: origin{source: "f", received: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), file: true},
			}
			rows, err := i.open(bytes.NewReader(file))
			require.NoError(b, err)
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for {
				r, err := rows.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if it := i.understand(r); it.problem != nil {
					b.Fatal(it.problem.full())
				}
				n++
			}
			require.Equal(b, b.N, n)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// What is made of an event's content must not change: it tells whether a file was
// imported before.
func TestContentIDIsThatOfJSON(t *testing.T) {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	sum := sha256.Sum256([]byte(`key "1" "order_completed" 1796119200000000 {"total":4.2}`))
	require.Equal(t, "content-"+hex.EncodeToString(sum[:16]), contentID(store.Person{Key: "1"}, "order_completed", at, map[string]any{"total": 4.2}))
	for _, m := range []map[string]any{
		nil, {}, {"b": "x", "a": 1.0, "c": true, "d": nil}, {"a<b": "é\"\\<>&\u2028\x7f\n"}, {"n": 1e21, "m": -1e-7, "z": 0.0, "k": 123456789.125, "i": -3.0},
		{"items": []any{map[string]any{"sku": "rye", "price": 4.2}}, "o": map[string]any{"z": 1.0, "a": "x"}},
	} {
		want, err := json.Marshal(m)
		require.NoError(t, err)
		got, err := appendJSON(nil, m)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func FuzzAppendValue(f *testing.F) {
	f.Add("a<b", 1e21)
	f.Fuzz(func(t *testing.T, s string, n float64) {
		for _, v := range []any{s, n} {
			want, wrong := json.Marshal(v)
			got, err := appendValue(nil, v)
			require.Equal(t, wrong == nil, err == nil)
			require.Equal(t, string(want), string(got))
		}
	})
}

// FuzzPlainEmail finds an address that is thought to be of the usual kind, and is
// none.
func FuzzPlainEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "a.b+c@d-e.f", "@", "a@b", "a..b@c", ".a@b", "a@b.", "-@-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isPlainEmail(s) {
			return
		}
		parsed, err := mail.ParseAddress(s)
		require.NoError(t, err, s)
		require.Equal(t, s, parsed.Address)
	})
}

// FuzzAgain understands rows as they may have been kept: whatever it is, it is an
// item or a problem.
func FuzzAgain(f *testing.F) {
	for _, kind := range []string{"track", "page", "", "profiles", "events", "source.x"} {
		for _, body := range []string{"", "{}", `{"type":"track","userId":"1"}`, "id,email\n1,a@b.c", "user_id;event;at\n1;Order Completed;2026-01-01\n2;x;y", "id\n", "\xff\xfe", `{"a":`} {
			f.Add(kind, "f.csv", body)
			f.Add(kind, "api", body)
		}
	}
	v := newVocabulary(shopModel())
	f.Fuzz(func(t *testing.T, kind, source, body string) {
		it, _ := v.again(store.Rejected{Kind: kind, Source: source, Body: body, At: time.Unix(1_790_000_000, 0)}, time.Unix(1_800_000_000, 0))
		require.True(t, it.problem != nil || it.draft != nil)
	})
}

package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

// load imports a file that can be read.
func (h *house) load(kind intake.Kind, file string) intake.Report {
	h.t.Helper()
	report, err := h.Import(context.Background(), strings.NewReader(file), intake.ImportOptions{Kind: kind, Source: "file"})
	require.NoError(h.t, err)
	require.EqualValues(h.t, len(file), report.Bytes)
	require.Equal(h.t, report.Rows, report.Accepted+report.Duplicates+report.Rejected)
	return report
}

// reasons are why rows were refused, with their lines.
func (h *house) reasons() (reasons []string) {
	for _, r := range h.rejected() {
		reasons = append(reasons, fmt.Sprintf("%d: %s", r.Line, r.Reason))
	}
	return reasons
}

const customers = `id,Email,First Name,birthday,dietary,visits,created_at,topic.weekly_special,topic.offers,consent_at,consent_source,shoe size
1,ADA@example.com,Ada,1990-12-10,"[""vegan"",""nut_free""]",7,2020-05-04T10:00:00Z,subscribed,unsubscribed,2020-05-04T10:00:00Z,sign-up form,43
2,bob@example.com,"Bob ""the"" Baker",,vegan|gluten_free,,,subscribed,,,,44
3,cy@example.com,,,,,,yes,no,2021-01-01,till,
`

func TestImportProfiles(t *testing.T) {
	h := newHouse(t)
	report := h.load(intake.Profiles, customers)
	require.Equal(t, intake.Report{
		Rows: 3, Accepted: 3, Quarantined: 1, Bytes: int64(len(customers)),
		Warnings: []string{`column "shoe size" is not declared, and was left out`},
	}, report)

	ada := h.person("1")
	require.Equal(t, store.Person{
		ID: ada.ID, Key: "1", Email: "ada@example.com",
		Attributes: map[string]any{"first_name": "Ada", "birthday": "1990-12-10", "dietary": []any{"vegan", "nut_free"}, "visits": 7.0},
		CreatedAt:  time.Date(2020, 5, 4, 10, 0, 0, 0, time.UTC), UpdatedAt: noon,
	}, ada)
	then := ada.CreatedAt
	require.Equal(t, []store.Consent{
		{Person: ada.ID, Topic: "weekly_special", Channel: "email", Granted: true, At: then, Source: "import file", Proof: "sign-up form"},
		{Person: ada.ID, Topic: "offers", Channel: "email", Granted: false, At: then, Source: "import file", Proof: "sign-up form"},
	}, h.consents(ada.ID))

	bob := h.person("2")
	require.Equal(t, map[string]any{"first_name": `Bob "the" Baker`, "dietary": []any{"vegan", "gluten_free"}}, bob.Attributes)
	require.Equal(t, noon, bob.CreatedAt)
	require.Empty(t, h.consents(bob.ID), "without proof")
	require.Equal(t, []string{"3: consent to weekly_special has no proof: say when it was given, and where or in which words"}, h.reasons())
	require.Contains(t, h.rejected()[0].Body, "bob@example.com", "the whole row is kept for repair")
	require.Len(t, h.consents(h.person("3").ID), 2)

	events := h.events()
	require.Len(t, events, 4, "each consent is told of")
	for _, e := range events {
		require.True(t, e.Imported, "history sets nothing off")
	}

	h.now = noon.Add(time.Hour)
	again := h.load(intake.Profiles, customers)
	require.Equal(t, report, again)
	require.Equal(t, ada, h.person("1"), "nothing is new")
	require.Len(t, h.consents(ada.ID), 2)
	require.Len(t, h.events(), 4)
	require.Len(t, h.rejected(), 1)
}

func TestImportWithdrawal(t *testing.T) {
	h := newHouse(t)
	h.load(intake.Profiles, "email,topic.offers,consent_at,consent_source\nada@example.com,subscribed,2026-01-01,form\n")
	h.now = noon.Add(time.Hour)
	const list = "email,topic.offers\nAda@example.com,unsubscribed\n"
	for range 2 {
		h.load(intake.Profiles, list)
	}
	log := h.consents(1)
	require.Len(t, log, 2, "a withdrawal needs no proof; twice it says nothing new")
	require.False(t, log[1].Granted)
	require.Equal(t, noon.Add(time.Hour), log[1].At)

	report := h.load(intake.Profiles, "email,topic.offers,topic.ofers,consent_at,consent_source\n"+
		"ada@example.com,maybe,,,\nada@example.com,,yes,2026-01-01,form\nada@example.com,yes,,soon,form\nada@example.com,yes,,2027-01-01,form\n")
	require.EqualValues(t, 4, report.Accepted)
	require.Equal(t, []string{`column "topic.ofers" is not declared, and was left out (did you mean "topic.offers"?)`}, report.Warnings)
	require.Equal(t, []string{
		`2: column "topic.offers" says neither subscribed nor unsubscribed`,
		`4: "consent_at" is not an instant: write it as 2026-12-31T08:00:00Z ("soon" is not a time)`,
		`4: consent to offers has no proof: say when it was given, and where or in which words`,
		`5: the consent to offers is more than five minutes in the future: is the clock of the sender right? (2027-01-01T00:00:00Z)`,
	}, h.reasons())
}

const orders = `user_id,event,at,message_id,total,sku,items,properties.email
1,Order Completed,2026-12-01T10:00:00Z,m1,4.20,,"[{""sku"":""rye"",""price"":4.2}]",
1,Product Viewed,2026-12-01T09:00:00Z,,,rye,,friend@example.com
2,order_completed,2026-12-01T10:00:00Z,,1,,,
2,order_completed,2026-12-01T10:00:00Z,,1,,,
`

func TestImportEvents(t *testing.T) {
	h := newHouse(t)
	report := h.load(intake.Events, orders)
	require.EqualValues(t, 3, report.Accepted)
	require.EqualValues(t, 1, report.Duplicates, "two rows that say the same are one event")
	require.Empty(t, report.Warnings)
	events := h.events()
	require.Equal(t, "m1", events[0].MessageID)
	require.Equal(t, map[string]any{"total": 4.2, "items": []any{map[string]any{"sku": "rye", "price": 4.2}}}, events[0].Properties)
	require.Equal(t, map[string]any{"sku": "rye", "email": "friend@example.com"}, events[1].Properties)
	require.NotEmpty(t, events[1].MessageID)
	require.True(t, events[1].Imported)
	require.Equal(t, noon, events[1].ReceivedAt)

	require.EqualValues(t, 4, h.load(intake.Events, orders).Duplicates)
	reordered := "timestamp;Event Name;userId;total\n2026-12-01 10:00:00;Order Completed;2;1.0\n"
	require.EqualValues(t, 1, h.load(intake.Events, reordered).Duplicates, "another file that says the same doubles nothing")
	require.Len(t, h.events(), 3)
	require.Empty(t, h.rejected())

	report, err := h.Import(t.Context(), strings.NewReader("email\tevent\tat\nnew@example.com\tOrder Completed\t2026-12-02\n"),
		intake.ImportOptions{Kind: intake.Events, Source: "live", Trigger: true})
	require.NoError(t, err)
	require.EqualValues(t, 1, report.Accepted)
	require.False(t, h.events()[3].Imported)
}

func TestImportRejects(t *testing.T) {
	for _, test := range []struct {
		name    string
		kind    intake.Kind
		file    string
		reasons []string
	}{
		{"profiles", intake.Profiles, "id,email,visits,birthday\n,,1,\n1,nobody,,\n2,,many,\n3,,,31.12.1990\n4,ok@example.com,1,1990-12-31\n5,,1\n", []string{
			"2: it does not say whom it is about: it has no id and no email",
			`3: the email address is none ("nobody")`,
			`4: attribute "visits" is declared as number, and this value is none ("many" is not a number)`,
			`5: attribute "birthday" is declared as date, and this value is none ("31.12.1990" is not a date)`,
			"7: it has 3 fields, the header has 4",
		}},
		{"events", intake.Events, "user_id,event,at,sku,total\n1,Order Completed,,,\n1,Nonsense,2026-12-01,,\n1,Order Completed,2026-12-01,rye,\n1,,2026-12-01,,\n" +
			"1,email_opened,2026-12-01,,\n1,Order Completed,2027-12-01,,\n,Order Completed,2026-12-01,,\n1,Order Completed,2026-12-01,,x\n1,Order Completed,today,,\n", []string{
			"2: it does not say when the event happened: give at, or timestamp",
			`3: event "Nonsense" is not declared: declared are Order Completed, Product Viewed, order_completed, product_viewed`,
			`4: property "sku" of order_completed is not declared: declared are cart_id, items, paid_at, total`,
			"5: it does not say which event: give its name",
			"6: email_opened is an event of herald's own, which nobody else can send",
			"7: the event is more than five minutes in the future: is the clock of the sender right? (2027-12-01T00:00:00Z)",
			"8: it does not say whom it is about: it has no id and no email",
			`9: property "total" of order_completed is declared as number, and this value is none ("x" is not a number)`,
			`10: "at" is not an instant: write it as 2026-12-31T08:00:00Z ("today" is not a time)`,
		}},
		{"JSON lines", intake.Profiles, `{"id":1}` + "\n{\n[1]\n\n" + `{"id":2,"visits":{}}` + "\n" + `{"email":"` + strings.Repeat("x", 40_000) + `"}` + "\n" + `{"type":"track","userId":"1","event":"x","timestamp":"2026-12-01"}` + "\n" +
			`{"type":"track","userId":"1","event":"Order Completed"}` + "\n\"\xff\"\n" + `{"id":3}`, []string{
			"2: it is not a JSON object: a file has one to a line",
			"3: it is not a JSON object: a file has one to a line",
			`5: attribute "visits" is declared as number, and this value is none (an object is not a number)`,
			"6: it is longer than 32 KB",
			`7: event "x" is not declared: declared are Order Completed, Product Viewed, order_completed, product_viewed`,
			"8: an event in a file needs its timestamp",
			"9: it is not UTF-8: save the file as UTF-8",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			var told []string
			report, err := h.Import(t.Context(), strings.NewReader(test.file), intake.ImportOptions{
				Kind: test.kind, Source: "file", BatchRows: 3,
				OnReject: func(r store.Rejected) { told = append(told, fmt.Sprintf("%d: %s", r.Line, r.Reason)) },
			})
			require.NoError(t, err)
			require.Equal(t, test.reasons, h.reasons())
			require.Equal(t, test.reasons, told)
			require.EqualValues(t, len(test.reasons), report.Rejected)
		})
	}
}

func TestImportJSONLines(t *testing.T) {
	h := newHouse(t)
	const file = "\ufeff" + `{"userId":"1","traits":{"firstName":"Ada","dietary":["vegan"],"hat":1},"anonymous_id":"dev"}
{"id":2,"email":"bob@example.com","visits":3,"first_name":null,"topic.offers":"subscribed","consent_at":"2026-01-01","consent_source":"form","hat":2}
{"type":"identify","userId":"3","traits":{"email":"cy@example.com"},"timestamp":"2026-12-01"}
{"type":"track","userId":"3","event":"Order Completed","timestamp":"2026-12-01T10:00:00Z","sentAt":"2026-12-01T10:00:05Z","properties":{"total":3}}
`
	report := h.load(intake.Profiles, file)
	require.EqualValues(t, 4, report.Accepted)
	require.Equal(t, []string{
		`trait "hat" is not declared, and was left out: declared are birthday, created_at, dietary, email, first_name, id, language, last_visit, notes, patience, phone, signup_source …`,
		`column "hat" is not declared, and was left out`,
	}, report.Warnings)
	require.Equal(t, map[string]any{"first_name": "Ada", "dietary": []any{"vegan"}}, h.person("1").Attributes)
	require.Equal(t, "dev", h.person("1").AnonymousID)
	require.Equal(t, map[string]any{"visits": 3.0}, h.person("2").Attributes)
	require.Len(t, h.consents(h.person("2").ID), 1)
	events := h.events()
	require.Equal(t, "order_completed", events[0].Name)
	require.Equal(t, noon.Add(-50*time.Hour), events[0].At, "a file was received long ago: its timestamps are believed")
	require.EqualValues(t, 1, h.load(intake.Profiles, file).Duplicates)

	const flat = `{"user_id":"1","event":"Order Completed","at":"2026-12-01","total":5,"items":[{"sku":"rye"}]}
{"userId":"1","event":"Order Completed","timestamp":1796040000,"properties":{"total":6},"messageId":"m6"}
{"userId":"1","event":"Order Completed","timestamp":1796040000,"properties":[]}
`
	report = h.load(intake.Events, flat)
	require.EqualValues(t, 2, report.Accepted)
	events = h.events()
	require.Equal(t, map[string]any{"total": 5.0, "items": []any{map[string]any{"sku": "rye"}}}, events[len(events)-2].Properties)
	require.Equal(t, "m6", events[len(events)-1].MessageID)
	require.Equal(t, []string{`3: "properties" must be an object`}, h.reasons())
}

func TestImportRefusesFiles(t *testing.T) {
	for _, test := range []struct {
		name    string
		options intake.ImportOptions
		file    string
		says    string
	}{
		{"empty", intake.ImportOptions{Kind: intake.Profiles}, "", "it is empty"},
		{"only blank lines", intake.ImportOptions{Kind: intake.Profiles}, "\n \n", "it is empty"},
		{"no kind", intake.ImportOptions{}, "id\n", `"" cannot be imported: a file has profiles or events`},
		{"no format", intake.ImportOptions{Kind: intake.Profiles, Format: "xls"}, "id\n", `"xls" is not a format`},
		{"UTF-16", intake.ImportOptions{Kind: intake.Profiles}, "\xff\xfei\x00d\x00", "the file is UTF-16: save it as UTF-8"},
		{"a header twice", intake.ImportOptions{Kind: intake.Profiles}, "id,email,E-Mail\n", `columns 2 and 3, "email" and "E-Mail", are the same`},
		{"a trait twice", intake.ImportOptions{Kind: intake.Profiles}, "id,first_name,firstName\n", `"first_name" and "firstName", are the same`},
		{"a stranger twice", intake.ImportOptions{Kind: intake.Profiles}, "id,hat,hat\n", `columns 2 and 3`},
		{"a broken header", intake.ImportOptions{Kind: intake.Profiles}, "id,\"email\n1,x\n", "line 1, the header: a quote is broken"},
		{"nobody", intake.ImportOptions{Kind: intake.Profiles}, "first_name,visits\n", "no column says whom a row is about"},
		{"events of nobody", intake.ImportOptions{Kind: intake.Events}, "event,at\n", "no column says whom an event is about"},
		{"no event", intake.ImportOptions{Kind: intake.Events}, "user_id,at\n", "no column says which event it is"},
		{"no instant", intake.ImportOptions{Kind: intake.Events}, "user_id,event\n", "no column says when"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Source = "people.csv"
			_, err := newHouse(t).Import(t.Context(), strings.NewReader(test.file), test.options)
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "import of people.csv")
		})
	}
}

// manyRows writes a file of n people without holding it.
func manyRows(n int, broken map[int]string) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "id,email,first_name,dietary,visits\r\n")
		for i := 1; i <= n && err == nil; i++ {
			line, ok := broken[i]
			if !ok {
				line = fmt.Sprintf(`%d,reader%d@example.com,"Ada",vegan|nut_free,%d`, i, i, i)
			}
			_, err = io.WriteString(w, line+"\r\n")
		}
		w.CloseWithError(err)
	}()
	return r
}

// TestImportBrokenQuote imports a large file with a quote that is never closed
// far down: one line is lost, and told of, in bounded memory.
func TestImportBrokenQuote(t *testing.T) {
	h := newHouse(t)
	const rows, broken = 60_000, 42_000
	var most uint64
	var last int64
	report, err := h.Import(t.Context(), manyRows(rows, map[int]string{broken: `42000,"reader@example.com,Ada,,`}), intake.ImportOptions{
		Kind: intake.Profiles, Source: "people.csv",
		Progress: func(rows, rejected, bytes int64) {
			if rows <= last { // not require: this is another goroutine
				t.Errorf("%d rows after %d", rows, last)
			}
			last = rows
			if rows%10_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, rows, report.Rows)
	require.EqualValues(t, rows-1, report.Accepted)
	require.Equal(t, []string{"42001: a quote is broken: there is text after a closing one; within a quoted field a quote is written twice"}, h.reasons())
	require.Less(t, most, uint64(64<<20))
	h.view(func(r store.Reader) {
		n, err := r.CountPeople()
		require.NoError(t, err)
		require.EqualValues(t, rows-1, n)
	})
}

// TestImportStops breaks off in the middle, by the reader, the context and the
// store; what was reported is there, and the same file goes through later.
func TestImportStops(t *testing.T) {
	const rows = 5000
	count := func(h *house) (n int64) {
		h.view(func(r store.Reader) {
			var err error
			n, err = r.CountPeople()
			require.NoError(t, err)
		})
		return n
	}
	finish := func(t *testing.T, h *house) {
		_, err := h.Import(t.Context(), manyRows(rows, nil), intake.ImportOptions{Kind: intake.Profiles})
		require.NoError(t, err)
		require.EqualValues(t, rows, count(h))
	}
	t.Run("the reader", func(t *testing.T) {
		h := newHouse(t)
		gone := errors.New("the network is gone")
		half := io.MultiReader(io.LimitReader(manyRows(rows, nil), 100_000), iotest.ErrReader(gone))
		report, err := h.Import(t.Context(), half, intake.ImportOptions{Kind: intake.Profiles, Source: "people.csv", BatchRows: 500})
		require.ErrorIs(t, err, gone)
		require.ErrorContains(t, err, "what was read before it is kept")
		require.NotZero(t, report.Accepted)
		require.Equal(t, report.Accepted, count(h))
		finish(t, h)
	})
	t.Run("the context", func(t *testing.T) {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		report, err := h.Import(ctx, manyRows(rows, nil), intake.ImportOptions{
			Kind: intake.Profiles, BatchRows: 500,
			Progress: func(rows, _, _ int64) {
				if rows >= 1000 {
					cancel()
				}
			},
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, report.Accepted, count(h))
		require.Less(t, report.Accepted, int64(rows))
		finish(t, h)
	})
	t.Run("the store", func(t *testing.T) {
		h := newHouse(t)
		in := intake.New(full{h.store}, func() *intake.Model { return bakery() }, func() time.Time { return noon })
		report, err := in.Import(t.Context(), manyRows(rows, nil), intake.ImportOptions{Kind: intake.Profiles, Source: "people.csv"})
		require.ErrorIs(t, err, store.ErrFull)
		require.ErrorContains(t, err, "import of people.csv stopped; 0 rows of it were kept")
		require.Zero(t, report.Rows)
	})
}

// FuzzImport reads whatever comes as a file of each kind and format.
func FuzzImport(f *testing.F) {
	f.Add(customers)
	f.Add(orders)
	f.Add(`{"id":1,"traits":{"email":"a@b"},"topic.offers":"yes"}` + "\n" + `{"type":"track","userId":1,"event":"order_completed","timestamp":1}`)
	f.Add("id,topic.,topic.offers.sms,consent_at\n1,yes,yes,1e9\n")
	f.Add("user_id;event;at;properties.;properties.sku\n1;product viewed;2026-01-01;x;\"\"\n")
	h := newHouse(f)
	var last int64 // event read back
	f.Fuzz(func(t *testing.T, file string) {
		h.t = t
		for _, kind := range []intake.Kind{intake.Profiles, intake.Events} {
			for _, format := range []intake.Format{intake.CSV, intake.JSONL} {
				report, err := h.Import(t.Context(), strings.NewReader(file), intake.ImportOptions{Kind: kind, Format: format})
				require.Equal(t, report.Rows, report.Accepted+report.Duplicates+report.Rejected)
				if err == nil {
					require.EqualValues(t, len(file), report.Bytes)
				}
			}
		}
		h.view(func(r store.Reader) {
			events, err := r.EventsAfter(last, 0)
			require.NoError(t, err)
			for _, e := range events {
				_, err := r.Records([]int64{e.Person}, store.Need{Events: []string{e.Name}, Consents: true})
				require.NoError(t, err)
				last = e.Seq
			}
		})
	})
}

// BenchmarkImport reads files into a store, each row of its own.
func BenchmarkImport(b *testing.B) {
	for _, test := range []struct {
		kind   intake.Kind
		format intake.Format
	}{{intake.Profiles, intake.CSV}, {intake.Events, intake.CSV}, {intake.Events, intake.JSONL}, {intake.Events, intake.Parquet}, {"", intake.CSV}} {
		name := string(test.kind)
		if name == "" {
			name = "source"
		}
		b.Run(name+"/"+string(test.format), func(b *testing.B) {
			h := newHouse(b)
			options := intake.ImportOptions{Kind: test.kind, Format: test.format}
			if test.kind == "" {
				h.withSources(shopOrders())
				options.Using = "shop_orders"
			}
			file := rowsOf(b, test.kind, test.format, b.N)
			b.ResetTimer()
			report, err := h.Import(context.Background(), bytes.NewReader(file), options)
			require.NoError(b, err)
			require.EqualValues(b, b.N, report.Accepted)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// rowsOf is a file of n rows.
func rowsOf(b *testing.B, kind intake.Kind, format intake.Format, n int) []byte {
	var file bytes.Buffer
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	switch {
	case kind == intake.Profiles:
		_, err := io.Copy(&file, manyRows(n, nil))
		require.NoError(b, err)
	case format == intake.Parquet:
		rows := make([]parquetOrder, n)
		for i := range rows {
			rows[i] = parquetOrder{User: int64(i * 7919 % 20_000), Event: "Order Completed", At: at.Add(time.Duration(i) * time.Second), Total: 420}
		}
		_, err := io.Copy(&file, parquetFile(b, rows))
		require.NoError(b, err)
	case kind == "":
		file.WriteString("nr;kunde;mail;cent;stand;bezahlt\n")
		for i := range n {
			fmt.Fprintf(&file, "A%d;%d;;420;paid;%s\n", i, i*7919%20_000, at.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
		}
	case format == intake.JSONL:
		for i := range n {
			fmt.Fprintf(&file, `{"user_id":%d,"event":"Order Completed","at":%q,"total":4.2,"cart_id":"c%d"}`+"\n", i*7919%20_000, at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i)
		}
	default:
		file.WriteString("user_id,event,timestamp,message_id,total,cart_id,items\n")
		for i := range n {
			fmt.Fprintf(&file, `%d,Order Completed,2026-11-%02dT10:00:00Z,m%d,4.20,c%d,"[{""sku"":""rye"",""price"":4.2},{""sku"":""bun"",""price"":1}]"`+"\n", i*7919%20_000, i%28+1, i, i)
		}
	}
	return file.Bytes()
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

package intake_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
)

// parquetItem and parquetOrder are rows as other systems write them.
type parquetItem struct {
	SKU   string   `parquet:"sku"`
	Price *float64 `parquet:"price,optional"`
}

type parquetOrder struct {
	User    int64         `parquet:"user_id"`
	Event   string        `parquet:"event,dict"`
	At      time.Time     `parquet:"at,timestamp(microsecond)"`
	Total   int64         `parquet:"total,decimal(2:18)"`
	PaidAt  *time.Time    `parquet:"paid_at,optional,timestamp(millisecond)"`
	Items   []parquetItem `parquet:"items,list"`
	Address struct {
		City string `parquet:"city"`
	} `parquet:"address"`
	Extra map[string]string `parquet:"extra,optional"`
}

func parquetFile[T any](t testing.TB, rows []T, options ...parquet.WriterOption) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return bytes.NewReader(b.Bytes())
}

func TestImportParquet(t *testing.T) {
	price := 4.2
	paid := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	rows := []parquetOrder{
		{User: 1, Event: "Order Completed", At: paid, Total: 420, PaidAt: &paid, Items: []parquetItem{{"rye", &price}, {"bun", nil}}, Extra: map[string]string{"a": "b"}},
		{User: 9007199254740993, Event: "Order Completed", At: paid, Total: 100},
		{User: 2, Event: "Nonsense", At: paid, Items: []parquetItem{{"rye", nil}}},
		{User: 3, Event: "Order Completed", At: paid.AddDate(5, 0, 0)},
	}
	h := newHouse(t)
	for _, compression := range []parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(1)} {
		file := parquetFile(t, rows, compression)
		report, err := h.Import(t.Context(), file, intake.ImportOptions{Kind: intake.Events, Format: intake.Parquet, Source: "orders.parquet", BatchRows: 3})
		require.NoError(t, err)
		require.EqualValues(t, 4, report.Rows)
		require.EqualValues(t, 2, report.Rejected)
		require.Equal(t, file.Size(), report.Bytes)
		require.Equal(t, []string{`column "address.city" is not declared, and was left out`, `column "extra" is not declared, and was left out`}, sorted(report.Warnings))
	}
	events := h.events()
	require.Len(t, events, 2, "the same rows in another file double nothing")
	require.Equal(t, map[string]any{"total": 4.2, "paid_at": "2026-12-01T10:00:00Z", "items": []any{map[string]any{"sku": "rye", "price": 4.2}, map[string]any{"sku": "bun"}}}, events[0].Properties)
	require.Equal(t, paid, events[0].At)
	require.Equal(t, events[1].Person, h.person("9007199254740993").ID, "no identifier is rounded")
	kept := h.rejected()
	require.Len(t, kept, 2)
	require.Equal(t, 3, kept[0].Line)
	require.JSONEq(t, `{"user_id":2,"event":"Nonsense","at":"2026-12-01T10:00:00Z","total":0,"items":[{"sku":"rye"}]}`, kept[0].Body)
}

type parquetPerson struct {
	ID       string           `parquet:"id"`
	Email    *string          `parquet:"email,optional"`
	Birthday int32            `parquet:"birthday,date"`
	Dietary  []string         `parquet:"dietary,list"`
	Tags     []string         `parquet:"tags"`
	Visits   float32          `parquet:"visits"`
	VIP      bool             `parquet:"vip"`
	Notes    map[string]int64 `parquet:"notes"`
}

func TestImportParquetProfiles(t *testing.T) {
	h := newHouse(t)
	mail := "Ada@Example.com"
	file := parquetFile(t, []parquetPerson{
		{ID: "1", Email: &mail, Birthday: 7648, Dietary: []string{"vegan", "nut_free"}, Visits: 7.5, VIP: true, Notes: map[string]int64{"a": 1}},
		{ID: "2", Tags: []string{"x", "y"}},
	})
	report, err := h.Import(t.Context(), file, intake.ImportOptions{Kind: intake.Profiles, Format: intake.Parquet})
	require.NoError(t, err)
	require.EqualValues(t, 2, report.Accepted, "%v", h.reasons())
	require.Equal(t, map[string]any{
		"birthday": "1990-12-10", "dietary": []any{"vegan", "nut_free"}, "visits": 7.5, "vip": true, "notes": map[string]any{"a": 1.0},
	}, h.person("1").Attributes)
	require.Equal(t, "ada@example.com", h.person("1").Email)
}

func TestParquetRefuses(t *testing.T) {
	whole, err := io.ReadAll(parquetFile(t, []parquetPerson{{ID: "1"}}))
	require.NoError(t, err)
	h := newHouse(t)
	for name, in := range map[string]io.Reader{
		"its name": io.MultiReader(bytes.NewReader(whole)), "not a whole": bytes.NewReader(whole[:len(whole)/2]), "a whole": strings.NewReader("id,email\n"), "whole": strings.NewReader(""),
	} {
		_, err := h.Import(t.Context(), in, intake.ImportOptions{Kind: intake.Profiles, Format: intake.Parquet, Source: "p.parquet"})
		require.ErrorContains(t, err, name)
	}
	_, err = h.Import(t.Context(), bytes.NewReader(whole), intake.ImportOptions{Kind: intake.Events, Format: intake.Parquet})
	require.ErrorContains(t, err, "name one event")
}

// FuzzParquet reads files that were damaged: an error or rejected rows, no panic.
func FuzzParquet(f *testing.F) {
	price := 4.2
	whole, err := io.ReadAll(parquetFile(f, []parquetOrder{{User: 1, Event: "Order Completed", At: noon, Total: 420, Items: []parquetItem{{"rye", &price}}}, {User: 2}}))
	require.NoError(f, err)
	for _, at := range []int{4, 20, len(whole) / 3, len(whole) / 2, len(whole) - 30, len(whole) - 9} {
		f.Add(at, byte(0xff))
		f.Add(at, byte(0))
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, at int, b byte) {
		file := bytes.Clone(whole)
		if at < 0 || at >= len(file) {
			return
		}
		file[at] ^= b
		h.t = t
		report, _ := h.Import(t.Context(), bytes.NewReader(file), intake.ImportOptions{Kind: intake.Events, Format: intake.Parquet})
		require.Equal(t, report.Rows, report.Accepted+report.Duplicates+report.Rejected)
	})
}

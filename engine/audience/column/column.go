// Package column holds what is known of people as columns: one array for each
// attribute, and for each event its times and properties, sorted by person.
//
// By role:
//   - the whole: Table, made by a Builder after a Plan, changed by Table's own methods
//   - its parts: Events (the history of one event), Column, Numbers, Times, Codes,
//     Dict, Consent
//   - sets of people or rows: Bits
//   - a person taken from it: Table.Subject, an expr.Subject
//   - on disk: Table.Write, Read
//
// A person's place in all of it is a slot, from 0, given out in the order in which
// people came and kept until Table.Compact.
//
// Enters: store records and events. Leaves: campaign values, one by one or as
// arrays for loops to run over. Refused: what conditions mean; that is package
// vector's. Where the records come from and when; that is package index's.
//
// # For whoever compiles against a Table
//
// Pointers to a Column, Events, Consent or Dict stay good for the life of a Table.
// The slices and maps within do not: take them from the pointer at the start of
// each run. The code of a string may change too: ask Dict.Find again when
// Dict.Edition is another. Table.Edition changes when a Column or Events comes or
// goes; what was compiled before must be compiled again then.
package column

import "github.com/herald-campaigns/herald/dsl/campaign"

// Table is what an index knows of people. One writer at a time, and no reader
// meanwhile: package index holds the lock.
type Table struct {
	Plan    Plan
	Edition uint64 // another number: columns came or went

	IDs         []int64            // slot → person; ascending while Ascending
	Gone        Bits               // slots whose person was erased or merged: of nobody now
	Attributes  map[string]*Column // by name; those of the Plan; stored values, no defaults
	Events      map[string]*Events // by label; those of the Plan
	Topics      map[string]Bits    // topic → who permits it on some channel
	Reachable   map[string]Bits    // channel → who has a permission and an address that works
	Deliverable map[string]Bits    // channel → who has an address that works
	Consents    map[Permission]*Consent

	sorted int              // slots from 0 on whose IDs ascend
	behind map[int64]uint32 // person → slot of those after them
}

// Permission is a topic on a channel.
type Permission struct{ Topic, Channel string }

// Consent is the newest word of each person on one Permission.
type Consent struct {
	Known, Granted Bits
	At             []int64 // microseconds since 1970; nil unless the Plan wants details
	Source         *Column // string; likewise
}

// Events is the history of one event. The rows of a person who is not Dirty are
// Offsets[slot] to Offsets[slot+1], oldest first; slots beyond have none. Those of
// a Dirty one, who has had news since the table was last sorted, are Late[slot],
// oldest first as well, none of them if it is not there: rows that Offsets gives
// to a Dirty slot are to be passed over. Rows of one instant are in the order in
// which they were recorded.
//
// Histories hold what is recorded, events after now included: those do not count.
type Events struct {
	Offsets []uint32           // by slot; one more than the slots it knows
	At      Times              // by row
	Last    []uint32           // by slot: At.Sec of the newest row, 0 for none, nor have slots beyond any. One that is not before the second of now says nothing: look at the rows
	Props   map[string]*Column // by name of the property, by row; those of the Plan
	Dirty   Bits
	Late    map[uint32][]uint32 // slot → rows

	declared map[string]campaign.Type // of each of Props, as values must fit
	late     int                      // rows within Late
	dead     int                      // rows of nobody
}

// Times are instants to the microsecond: (Base + Sec[i]) seconds and the part of
// a second, but for the Odd ones, for which Sec is only good for ordering: Micros
// and Time know them. Sec is never 0 but in rows of nobody.
type Times struct {
	Base  int64            // seconds since 1970
	Sec   []uint32         // seconds since Base; 1 or the largest number stands for what is Odd
	Milli []uint16         // thousandths within the second; nil: all are 0, or Micro has them
	Micro []uint32         // millionths within the second; nil unless some instant needs them
	Odd   map[uint32]int64 // row → microseconds since 1970, of instants that Sec cannot say
}

// Column is one typed value for each row (a slot, an event or an element). Which
// of the arrays is set follows from Type; the Known bit of a row tells whether
// there is a value. Collections have no Known: an absent one is empty.
type Column struct {
	Type  campaign.Type // of objects only the fields that are kept
	Known Bits          // nil: every row has a value

	Bool   Bits     // bool
	Num    Numbers  // number
	Code   Codes    // string, ref: position in Dict; any: its JSON
	Dict   *Dict    //
	Day    []int32  // date: days since 1970-01-01
	Micros []int64  // time: microseconds since 1970
	Nanos  []int64  // duration
	From   []uint32 // list, set, map: elements are rows From[i] to To[i] of Elem
	To     []uint32
	Keys   *Column            // map: the key of each element, ascending within a map
	Elem   *Column            //
	Fields map[string]*Column // object: a row for each of its rows

	rows uint32
	left uint32 // elements of no row
}

// Numbers are float64s, kept as integers over Scale where that loses nothing:
// value i is float64(I32[i])/Scale, or F64[i] where F64 is set.
type Numbers struct {
	F64   []float64
	I32   []int32
	Scale float64
}

// Codes are positions in a Dict, in the narrowest width that holds them all. One
// is set; none while there are no rows.
type Codes struct {
	U8  []uint8
	U16 []uint16
	U32 []uint32
}

// Dict is the distinct strings of a column, in the order of their first coming.
type Dict struct {
	Bytes   []byte
	Ends    []uint32 // string i is Bytes[Ends[i-1]:Ends[i]]
	Edition uint64   // another number: a string came, or codes have changed

	table    []uint32 // by hash: code+1
	released int      // how often a code was taken from a row since the last sweep
}

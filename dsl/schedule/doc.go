// Package schedule is the arithmetic of campaigns' calendars: which local days
// a rule names, and which instant a local clock time is.
//
// By role:
//   - clock times and zones: Clock, Zone, Local, Clock.On
//   - rules: Rule (RFC 5545 by whole days), Once
//   - both together: Schedule, Occurrence
//   - dates that return every year: Return, Returns
//
// Enters: text from a campaign, days, instants and zones. Leaves: days and UTC
// instants. Refused: rules finer than a day, rules that name no day at all,
// and zones that the IANA database does not know. Nothing here reads a clock.
//
// Declared rules where local time is not plain:
//   - a clock time that a zone skips (spring, or a day that a country left out)
//     is the first instant after the gap;
//   - a clock time that comes twice (autumn) is the first of the two;
//   - 29 February returns on 28 February in common years.
package schedule

import _ "time/tzdata" // machines without a zone database schedule as others do

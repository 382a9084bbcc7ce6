// Package template owns the words that a subscriber reads: Liquid, checked
// against the types of a campaign before anything is sent, and compiled to spans
// of text that was encoded once, with the values between them.
//
// By role:
//   - what a template may name, and what it is rendered with: Vars, Data, Mode
//   - checking: Check for what will be sent, CheckLiquid for a source whose
//     markup is not HTML yet; Problem is a finding
//   - the result: Template, which renders; Reads and Link tell what is in it
//   - for tools: Scan and Tag find Liquid in any text, Filters documents the
//     filters, Sample and SampleData make up values
//
// A source goes through one pass each: lex (tokens), parse (a tree of statements
// and expressions), compile (types, flow and markup; ops), and is then rendered
// once with sample data, every branch of it. Rendering runs the ops.
//
// # The Liquid of herald
//
// Tags: if, unless, case, for, assign, capture, comment, raw, and content, which
// shows a content block. Filters are those that Filters lists. Where this Liquid
// departs from others, it is so that no mail goes out with a hole in it:
//
//   - Every name, field and filter must be known, and fit by type.
//   - One notion of nothing: nil, false, a string of white space, an empty list.
//     It is what {% if %} denies, what equals nil, blank and empty alike, and
//     what the filter default replaces.
//   - What may be nothing is printed with a default, or where a condition has
//     made sure of it: {% if profile.nickname %} … {% endif %}. Filters hand
//     nothing on: {{ profile.nickname | upcase | default: "you" }}.
//   - A variable of the template keeps its type.
//   - Numbers are one type: 5 divided by 2 is 2.5.
//   - A template cannot loop, nest or grow beyond all measure.
//
// # Escaping
//
// In HTML mode every output is written for the place where it stands, which is
// found by following the markup around it: text, quoted attributes, addresses
// and their queries, CSS, comments, and the conditional comments of Outlook, in
// which --> must not arise. The filter escape is therefore not needed, and does
// nothing. An address is looked at as a whole when its last part is written:
// with a scheme other than http, https, mailto and tel it becomes "#".
// An output where no escaping helps is an error: in a script, in an event
// handler, in the name of a tag, in an attribute without quotes. So are branches
// that leave different markup open.
//
// Text that is captured is escaped where it is printed; if there are tags in it,
// it is HTML, escaped already, and is printed between tags alone.
//
// Enters: sources, types, values. Leaves: text, problems in byte offsets. Files,
// channels and storage are refused.
package template

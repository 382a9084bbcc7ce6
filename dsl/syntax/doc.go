// Package syntax reads the files of a project into a tree in which everything
// has its place: blocks, labels, attributes, and every byte of every string. It
// is the only home of hcl and go-cty, and of `herald fmt`.
//
// Enters: a folder of *.hcl and *.hcl.json files (LoadFS takes any fs.FS).
// Leaves: a Project of Blocks whose attributes are Exprs, which tell what they
// name (Reference, References), what they are made of (Object, List, Call), what
// type they write (Type) and what they are worth in a Scope (Value, Text).
//
// Refused, each with a Diagnostic: files over 4 MB or not in UTF-8, nesting over
// 100, a name set twice, secrets inside larger expressions, file() and dir()
// outside the project's folder. What blocks and attributes mean is not known
// here; only JSON, which cannot tell a block from an object, is read by the
// tables of package schema.
//
// # JSON
//
// A block is a property: {"segment": {"vip": {"when": "…"}}}. A list of objects
// repeats a block that may stand more than once; anywhere else, a body written
// as a list is its parts in order, so that the steps of a journey keep theirs. A
// string that is "${…}" as a whole is an expression; all others are plain text.
// A property named "//" is a comment.
package syntax

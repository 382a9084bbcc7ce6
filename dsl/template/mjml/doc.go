// Package mjml compiles MJML 4 to HTML that mail programs show alike, so that no
// mail needs Node when it is made.
//
// Enters: a document (Compile) or what will stand at a Liquid tag of one
// (CompileFragment), with Liquid in text, in attributes and between components.
// Leaves: HTML in which that Liquid stands where it structurally belongs, a
// template still, and problems with the bytes they are about. What comes with
// an Error is fit for a preview, not for sending.
//
//	mail, problems := mjml.Compile(src, mjml.Options{Include: open})
//	for i := range mail.Slots { // {% content hero %} between two sections
//		f, problems := mjml.CompileFragment(hero, mjml.Options{Slot: &mail.Slots[i]})
//		fragments = append(fragments, f)
//	}
//	mail = mail.With(fragments...) // their media queries and fonts are in the head
//
// # Liquid
//
// {{ … }} and {% … %} are opaque: what stands in them confuses nothing. Between
// components they stay between what is made of these, never within a table's
// row or an Outlook comment. A block ends where it began, in the same component,
// text or attribute; anything else would tear the HTML apart and is an Error.
// Columns that depend on a condition share the width as on the longest way
// through the branches; columns in a loop want a width of their own. In the
// head, Liquid stands in titles, styles and values, while tags such as assign
// move before the doctype. The attributes that widths are computed from, and
// those that choose between layouts, must be known: Liquid in them is an Error,
// or a Warning where it only makes a picture too wide.
//
// # Components
//
// The table in table.go describes every component: where it may stand, its
// attributes and their defaults. Refused, each with its reason: mj-accordion,
// mj-carousel, mj-html-attributes and what stands in them; components of one's
// own; Liquid between the attributes of a tag. mj-style inline="inline" writes
// rules of tags, classes and ids into style attributes; at-rules, states such
// as :hover and rules for body stay in the head. Icons of mj-social come from
// Mailjet's host unless src is given, and the default font, Ubuntu, from Google
// unless font-family is set: as with the reference, both see who reads.
//
// # Parity
//
// The samples in testdata, and the public templates of mjmlio/email-templates,
// were compiled with npm's mjml 4.18.0 too, and both results compared tag by tag,
// attribute by attribute, declaration by declaration, within Outlook's comments
// as well. The samples were shown in Chromium, 600 and 360 pixels wide: those
// without Liquid came out the same to the pixel. What differs is meant to:
//   - fonts are loaded by mj-font alone; the reference loads five of its own from
//     Google where they are named, and its default, Ubuntu, is one of them
//   - white space, the order of attributes, empty class and style attributes
//   - the rules for fluid images and for a navbar's hamburger are there when used
//   - a column in one branch of {% if %} counts once, not once for each branch
//   - every layout table has role="presentation", those of mj-hero too
//   - inner-padding of mj-hero holds everywhere, not in Outlook alone, and no
//     colour is passed off as the address of a picture
//   - quotes in values are escaped, CDATA marks and empty titles are dropped
//
// Golden files hold our results: go test -update writes them.
package mjml

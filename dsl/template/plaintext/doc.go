// Package plaintext makes the text/plain part of a mail from its HTML.
//
// Enters: the HTML of a mail as a template, with Liquid in it. Leaves: text for
// people who read without HTML, a template still. Nothing is refused: whatever
// the HTML, some text comes of it.
//
// What is not seen stays out: the head, styles, comments and with them what is
// for Outlook alone, elements with display:none such as the preview text, and
// pictures without alt. A link becomes "text (address)", a heading is
// underlined, a list item has a dash or its number, a quotation a ">" before
// each line, a row of a table of data stands on one line with bars between its
// cells; tables that lay out the mail (role="presentation", or with tables,
// headings or lists in their cells) fall apart into what they hold. Lines are
// wrapped at 78 characters, addresses and Liquid never.
//
// Every Liquid tag and output outside of what is left out is kept, as it is
// written, but for a dash as in {%- where it would eat a line break. A tag that
// prints nothing, such as {% if %}, gets no line of its own, since that would
// leave an empty one: it stands right before what follows it, and the space
// between two blocks goes before the tag between them:
//
//	Hello {{ name }}
//
//	{% if late %}We are sorry: your bread is late.
//
//	{% endif %}Thank you
//
// Of what is left out, only tags stay that matter elsewhere: assignments, and
// blocks that end outside. {% comment %} goes. Characters of the HTML that would
// read as Liquid in the text, as &#123;{ does, are written so that they do not.
package plaintext

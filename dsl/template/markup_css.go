package template

import "strings"

// style reads a character of CSS. Where it is misled, as by an escape in a
// keyword, nothing is lost: what asStyle and asStyleURL let through ends no value.
func (c *context) style(ch byte) {
	switch c.css {
	case cssPlain:
		c.plainStyle(ch)
	case cssComment:
		if c.word == "*" && ch == '/' {
			c.css = cssPlain
		}
		c.word = keep(ch, "*")
	case cssDouble, cssURLDouble:
		c.endString(ch, '"')
	case cssSingle, cssURLSingle:
		c.endString(ch, '\'')
	case cssURL:
		c.startURL(ch)
	}
}

// keep is ch as a string if it is one of chars.
func keep(ch byte, chars string) string {
	if strings.IndexByte(chars, ch) >= 0 {
		return string(rune(ch))
	}
	return ""
}

func (c *context) plainStyle(ch byte) {
	switch {
	case ch == '"':
		c.css, c.word = cssDouble, ""
	case ch == '\'':
		c.css, c.word = cssSingle, ""
	case ch == '*' && c.word == "/":
		c.css, c.word = cssComment, ""
	case c.word != "" && strings.HasPrefix("url(", c.word+lower(ch)):
		if c.word += lower(ch); c.word == "url(" {
			c.css, c.word, c.url = cssURL, "", urlStart
		}
	default:
		c.word = keep(ch|0x20*byte(digit(isLetter(ch))), "u/")
	}
}

// endString reads a string up to its quote; a backslash takes the next character.
func (c *context) endString(ch, quote byte) {
	switch {
	case c.word == "\\":
		c.word = ""
	case ch == quote || ch == '\n':
		c.css, c.word, c.url = cssPlain, "", urlStart
	case ch == '\\':
		c.word = "\\"
	case c.css == cssURLDouble || c.css == cssURLSingle:
		c.address(ch)
	}
}

// startURL reads what follows url( without quotes.
func (c *context) startURL(ch byte) {
	switch {
	case c.url == urlStart && ch == '"':
		c.css = cssURLDouble
	case c.url == urlStart && ch == '\'':
		c.css = cssURLSingle
	case ch == ')':
		c.css, c.url = cssPlain, urlStart
	default:
		c.address(ch)
	}
}

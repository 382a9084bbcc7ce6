package template

import (
	"strconv"
	"strings"
	"time"
)

// conversions are the letters that strftime knows here.
const conversions = "aAbBhdejmyYCHIklMSLpPZzsuwGVUDFTRcxX%nt"

// conversion writes one %letter.
func (l *locale) conversion(dst []byte, letter, flag byte, t time.Time) []byte {
	if s, ok := l.name(letter, t); ok {
		if flag == '^' {
			s = strings.ToUpper(s)
		}
		return append(dst, s...)
	}
	if n, width, ok := field(letter, t); ok {
		pad := byte('0')
		if letter == 'e' || letter == 'k' || letter == 'l' {
			pad = ' '
		}
		return padded(dst, n, width, pad, flag == '-')
	}
	if format := composed[letter]; format != "" {
		return l.strftime(dst, format, t)
	}
	switch letter {
	case 'x':
		return l.strftime(dst, l.dateShort, t)
	case 'X':
		return l.strftime(dst, l.clock, t)
	case 's':
		return strconv.AppendInt(dst, t.Unix(), 10)
	case 'z':
		return t.AppendFormat(dst, "-0700")
	case '%':
		return append(dst, '%')
	case 'n', 't':
		return append(dst, ' ')
	}
	return append(dst, '%', letter)
}

var composed = map[byte]string{
	'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'c': "%a %b %e %H:%M:%S %Y",
}

// name is the word that a letter stands for.
func (l *locale) name(letter byte, t time.Time) (string, bool) {
	switch letter {
	case 'A':
		return l.days[t.Weekday()], true
	case 'a':
		return l.dayShort[t.Weekday()], true
	case 'B':
		return l.months[t.Month()-1], true
	case 'b', 'h':
		return l.short[t.Month()-1], true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'Z':
		return t.Format("MST"), true
	}
	return "", false
}

// field is the number that a letter stands for, and its width.
func field(letter byte, t time.Time) (n, width int, ok bool) {
	switch letter {
	case 'd', 'e':
		return t.Day(), 2, true
	case 'j':
		return t.YearDay(), 3, true
	case 'm':
		return int(t.Month()), 2, true
	case 'y':
		return t.Year() % 100, 2, true
	case 'Y':
		return t.Year(), 4, true
	case 'C':
		return t.Year() / 100, 2, true
	case 'H', 'k':
		return t.Hour(), 2, true
	case 'I', 'l':
		return (t.Hour()+11)%12 + 1, 2, true
	case 'M':
		return t.Minute(), 2, true
	case 'S':
		return t.Second(), 2, true
	case 'L':
		return t.Nanosecond() / 1e6, 3, true
	case 'u':
		return int(t.Weekday()+6)%7 + 1, 1, true
	case 'w':
		return int(t.Weekday()), 1, true
	case 'G':
		year, _ := t.ISOWeek()
		return year, 4, true
	case 'V':
		_, week := t.ISOWeek()
		return week, 2, true
	case 'U':
		return (t.YearDay() + 6 - int(t.Weekday())) / 7, 2, true
	}
	return 0, 0, false
}

func padded(dst []byte, n, width int, pad byte, bare bool) []byte {
	var buf [20]byte
	digits := strconv.AppendInt(buf[:0], int64(n), 10)
	for i := len(digits); i < width && !bare; i++ {
		dst = append(dst, pad)
	}
	return append(dst, digits...)
}

// badConversion finds the first %letter in a format that means nothing.
func badConversion(format string) (string, bool) {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		start := i
		if i++; i < len(format) && (format[i] == '-' || format[i] == '^') {
			i++
		}
		if i >= len(format) || strings.IndexByte(conversions, format[i]) < 0 {
			return format[start:min(i+1, len(format))], true
		}
	}
	return "", false
}

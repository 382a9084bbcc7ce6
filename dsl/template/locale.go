package template

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// locale says how a language writes numbers, money and days.
type locale struct {
	decimal, group string
	moneyFirst     bool   // €4.20, not 4,20 €
	moneySpace     string // between symbol and amount
	months, short  [12]string
	days, dayShort [7]string // from Sunday
	dateShort      string    // strftime
	dateLong       string
	dateFull       string
	clock          string
	plural         func(n float64) int // 0 one, 1 few, 2 other
}

const (
	noBreak     = "\u00a0"
	narrowSpace = "\u202f"
)

// oneOther is the plural of the Germanic languages and most of their neighbours.
func oneOther(n float64) int {
	if n == 1 || n == -1 {
		return 0
	}
	return 2
}

// zeroOne counts nothing as one, as French does.
func zeroOne(n float64) int {
	if math.Abs(n) < 2 {
		return 0
	}
	return 2
}

func polish(n float64) int {
	i := int64(math.Abs(math.Mod(n, 100)))
	switch {
	case n == 1 || n == -1:
		return 0
	case n == math.Trunc(n) && i%10 >= 2 && i%10 <= 4 && (i < 12 || i > 14):
		return 1
	}
	return 2
}

// names splits a list of names into an array.
func names[A [12]string | [7]string](list string) (a A) {
	for i, name := range strings.Fields(list) {
		switch a := any(&a).(type) {
		case *[12]string:
			a[i] = name
		case *[7]string:
			a[i] = name
		}
	}
	return a
}

var locales = map[string]*locale{
	"en": {
		decimal: ".", group: ",", moneyFirst: true, plural: oneOther,
		months:   names[[12]string]("January February March April May June July August September October November December"),
		short:    names[[12]string]("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
		days:     names[[7]string]("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
		dayShort: names[[7]string]("Sun Mon Tue Wed Thu Fri Sat"),

		dateShort: "%-m/%-d/%Y", dateLong: "%B %-d, %Y", dateFull: "%A, %B %-d, %Y", clock: "%-I:%M %p",
	},
	"de": {
		decimal: ",", group: ".", moneySpace: noBreak, plural: oneOther,
		months:   names[[12]string]("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		short:    names[[12]string]("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
		days:     names[[7]string]("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
		dayShort: names[[7]string]("So Mo Di Mi Do Fr Sa"),

		dateShort: "%d.%m.%Y", dateLong: "%-d. %B %Y", dateFull: "%A, %-d. %B %Y", clock: "%H:%M",
	},
	"fr": {
		decimal: ",", group: narrowSpace, moneySpace: noBreak, plural: zeroOne,
		months:   names[[12]string]("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		short:    names[[12]string]("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
		days:     names[[7]string]("dimanche lundi mardi mercredi jeudi vendredi samedi"),
		dayShort: names[[7]string]("dim. lun. mar. mer. jeu. ven. sam."),

		dateShort: "%d/%m/%Y", dateLong: "%-d %B %Y", dateFull: "%A %-d %B %Y", clock: "%H:%M",
	},
	"es": {
		decimal: ",", group: ".", moneySpace: noBreak, plural: oneOther,
		months:   names[[12]string]("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		short:    names[[12]string]("ene feb mar abr may jun jul ago sept oct nov dic"),
		days:     names[[7]string]("domingo lunes martes miércoles jueves viernes sábado"),
		dayShort: names[[7]string]("dom lun mar mié jue vie sáb"),

		dateShort: "%-d/%-m/%Y", dateLong: "%-d de %B de %Y", dateFull: "%A, %-d de %B de %Y", clock: "%-H:%M",
	},
	"it": {
		decimal: ",", group: ".", moneySpace: noBreak, plural: oneOther,
		months:   names[[12]string]("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
		short:    names[[12]string]("gen feb mar apr mag giu lug ago set ott nov dic"),
		days:     names[[7]string]("domenica lunedì martedì mercoledì giovedì venerdì sabato"),
		dayShort: names[[7]string]("dom lun mar mer gio ven sab"),

		dateShort: "%d/%m/%Y", dateLong: "%-d %B %Y", dateFull: "%A %-d %B %Y", clock: "%H:%M",
	},
	"nl": {
		decimal: ",", group: ".", moneyFirst: true, moneySpace: noBreak, plural: oneOther,
		months:   names[[12]string]("januari februari maart april mei juni juli augustus september oktober november december"),
		short:    names[[12]string]("jan feb mrt apr mei jun jul aug sep okt nov dec"),
		days:     names[[7]string]("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag"),
		dayShort: names[[7]string]("zo ma di wo do vr za"),

		dateShort: "%d-%m-%Y", dateLong: "%-d %B %Y", dateFull: "%A %-d %B %Y", clock: "%H:%M",
	},
	"pl": {
		decimal: ",", group: noBreak, moneySpace: noBreak, plural: polish,
		months:   names[[12]string]("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
		short:    names[[12]string]("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
		days:     names[[7]string]("niedziela poniedziałek wtorek środa czwartek piątek sobota"),
		dayShort: names[[7]string]("niedz. pon. wt. śr. czw. pt. sob."),

		dateShort: "%-d.%m.%Y", dateLong: "%-d %B %Y", dateFull: "%A, %-d %B %Y", clock: "%H:%M",
	},
	"pt": {
		decimal: ",", group: ".", moneySpace: noBreak, plural: zeroOne,
		months:   names[[12]string]("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
		short:    names[[12]string]("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
		days:     names[[7]string]("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado"),
		dayShort: names[[7]string]("dom. seg. ter. qua. qui. sex. sáb."),

		dateShort: "%d/%m/%Y", dateLong: "%-d de %B de %Y", dateFull: "%A, %-d de %B de %Y", clock: "%H:%M",
	},
}

// variants are what regions write otherwise than their language at large.
var variants = map[string]*locale{
	"en-gb": vary("en", func(l *locale) {
		l.dateShort, l.dateLong, l.dateFull, l.clock = "%d/%m/%Y", "%-d %B %Y", "%A %-d %B %Y", "%H:%M"
	}),
	"de-ch": vary("de", func(l *locale) {
		l.decimal, l.group, l.moneyFirst = ".", "’", true
	}),
	"de-at": vary("de", func(l *locale) {
		l.months[0], l.short[0], l.moneyFirst = "Jänner", "Jän.", true
	}),
}

func vary(base string, change func(*locale)) *locale {
	l := *locales[base]
	change(&l)
	return &l
}

// localeOf finds the table for a locale such as "de", "de-AT" or "de_AT";
// English stands in for languages without one.
func localeOf(name string) *locale {
	if l := locales[name]; l != nil {
		return l
	}
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	if l := variants[name]; l != nil {
		return l
	}
	language, _, _ := strings.Cut(name, "-")
	if l := locales[language]; l != nil {
		return l
	}
	return locales["en"]
}

// number writes f with digits behind the decimal sign, or with as many as it
// has if digits is negative.
func (l *locale) number(dst []byte, f float64, digits int) []byte {
	var buf [64]byte
	plain := strconv.AppendFloat(buf[:0], round(f, max(digits, 0)+10*digit(digits < 0)), 'f', digits, 64)
	if plain[0] == '-' {
		plain = plain[1:]
		if strings.Trim(string(plain), "0.") != "" {
			dst = append(dst, '-')
		}
	}
	whole := len(plain)
	for i, c := range plain {
		if c == '.' {
			whole = i
		}
	}
	for i, c := range plain[:whole] {
		if left := whole - i; i > 0 && left%3 == 0 {
			dst = append(dst, l.group...)
		}
		dst = append(dst, c)
	}
	if whole < len(plain) {
		dst = append(dst, l.decimal...)
		dst = append(dst, plain[whole+1:]...)
	}
	return dst
}

// money writes an amount of a currency.
func (l *locale) money(dst []byte, amount float64, currency string) []byte {
	symbol, digits := symbols[currency], 2
	if n, ok := minorDigits[currency]; ok {
		digits = n
	}
	if symbol == "" {
		symbol = currency
	}
	space := l.moneySpace
	if space == "" && len(symbol) > 1 && isNameByte(symbol[len(symbol)-1]) {
		space = noBreak // CHF 4.20
	}
	if !l.moneyFirst {
		return append(append(l.number(dst, amount, digits), space...), symbol...)
	}
	if amount < 0 && l.group == "," {
		dst, amount = append(dst, '-'), -amount
	}
	return l.number(append(append(dst, symbol...), space...), amount, digits)
}

var symbols = map[string]string{
	"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩", "BRL": "R$", "AUD": "A$",
	"CAD": "CA$", "NZD": "NZ$", "MXN": "MX$", "PLN": "zł", "CZK": "Kč", "SEK": "kr", "NOK": "kr", "DKK": "kr.",
	"ILS": "₪", "TRY": "₺", "UAH": "₴", "VND": "₫", "PHP": "₱", "HUF": "Ft",
}

// minorDigits are the digits of currencies that have other than two.
var minorDigits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// currencies are the codes of ISO 4217 that are in use.
var currencies = strings.Fields(`AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD
BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG`)

// dateFormat is the strftime format that a name stands for, or the format itself.
func (l *locale) dateFormat(format string) string {
	switch format {
	case "short":
		return l.dateShort
	case "", "long":
		return l.dateLong
	case "full":
		return l.dateFull
	case "time":
		return l.clock
	}
	return format
}

// strftime writes t in the format of the C function, with the names of the
// language. Flags: - no padding, ^ upper case.
func (l *locale) strftime(dst []byte, format string, t time.Time) []byte {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			dst = append(dst, format[i])
			continue
		}
		i++
		var flag byte
		if (format[i] == '-' || format[i] == '^') && i+1 < len(format) {
			flag = format[i]
			i++
		}
		dst = l.conversion(dst, format[i], flag, t)
	}
	return dst
}

package server

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed pages
var pageFiles embed.FS

// Each page is the frame with a body, and where it needs them a style and a
// script, of its own.
var (
	notePage        = parse("note")
	unsubscribePage = parse("unsubscribe")
	preferencesPage = parse("preferences")
	whyPage         = parse("why")
	livePage        = parse("live")
)

// document is a page that can be written. Its style and script stand in it, and
// its policy names them by their hashes: nothing else in it is applied or run.
type document struct {
	template *template.Template
	policy   string
}

func parse(name string) document {
	style, script := file("frame.css")+file(name+".css"), file(name+".js")
	funcs := template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) },
		"script": func() template.JS { return template.JS(script) },
		"number": number,
		"share":  share,
	}
	policy := "default-src 'none'; style-src " + hash(style) + "; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if script != "" {
		policy += "; script-src " + hash(script) + "; connect-src 'self'"
	}
	t := template.New("frame.html").Funcs(funcs)
	return document{template.Must(t.ParseFS(pageFiles, "pages/frame.html", "pages/"+name+".html")), policy}
}

// file is one of the files of pages, "" where a page has none.
func file(name string) string {
	text, err := pageFiles.ReadFile("pages/" + name)
	if err != nil {
		return ""
	}
	return string(text)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

type note struct{ Title, Text string }

type unsubscribeView struct {
	Sender, Topic string
	Preferences   string // address
	Transactional bool
	Done          bool
}

type preferencesView struct {
	Sender string
	Topics []topicChoice
	Saved  bool
}

type topicChoice struct {
	Name, Text string
	On         bool
}

type whyView struct {
	Sender, Topic, At        string
	Since, Source, Until     string // of the consent: "" for none
	Unsubscribe, Preferences string // addresses
	Transactional            bool
}

// write writes the page, or an error that says nothing about the inside.
func (d document) write(w http.ResponseWriter, status int, view any) {
	var b bytes.Buffer
	if err := d.template.Execute(&b, view); err != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store, private")
	h.Set("Content-Security-Policy", d.policy)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// number writes a count with its thousands apart.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// share is a part of a whole in per cent, "" where there is nothing to say.
func share(n, of int64) string {
	if n == 0 || of == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*float64(n)/float64(of))
}

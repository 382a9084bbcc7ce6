package mailbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

//go:embed pages
var pages embed.FS

var (
	listPage = template.Must(template.ParseFS(pages, "pages/list.html"))
	mailPage = template.Must(template.ParseFS(pages, "pages/mail.html"))
)

// pagePolicy lets a page of ours use its own style and frame, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mailPolicy shuts a mail in: no scripts, no forms, nothing from elsewhere but
// herald's own open pixel, so that looking at a mail counts as it does elsewhere.
// Links open in a window of their own.
const mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; img-src data:"

// Handler shows the mailbox within the folder of a project's data: a list that
// can be searched, and each mail as HTML, text, headers and file. All its links
// are relative, so it may stand behind any path. Whoever reaches it reads every
// mail: it is for the loopback interface.
func Handler(dataDir string) http.Handler {
	w := &web{Open(dataDir)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.list)
	mux.HandleFunc("GET /style.css", w.style)
	mux.HandleFunc("GET /m/{id}/{$}", w.mail)
	mux.HandleFunc("GET /m/{id}/html", w.html)
	mux.HandleFunc("GET /m/{id}/raw", w.raw)
	return mux
}

type web struct{ box *Box }

// listView is what the list shows.
type listView struct {
	Mails        []Entry
	Total        int
	Query        string
	Page, Pages  int
	Newer, Older string // relative addresses; "" for none
	Fresh        bool   // comes again by itself
}

const perPage = 50

func (w *web) list(out http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.FormValue("q"))
	page, _ := strconv.Atoi(r.FormValue("page"))
	page = min(max(page, 1), maxMails/perPage)
	mails, total, err := w.box.List(Filter{Query: query}, Page{page, perPage})
	if err != nil {
		refuse(out, err)
		return
	}
	v := listView{Mails: mails, Total: total, Query: query, Page: page, Pages: max(1, (total+perPage-1)/perPage), Fresh: query == "" && page == 1}
	if page > 1 {
		v.Newer = pageLink(query, min(page-1, v.Pages))
	}
	if page < v.Pages {
		v.Older = pageLink(query, page+1)
	}
	show(out, listPage, v)
}

func pageLink(query string, page int) string {
	values := url.Values{"page": {strconv.Itoa(page)}}
	if query != "" {
		values.Set("q", query)
	}
	return "?" + values.Encode()
}

// mailView is a mail with its text cut into plain parts and addresses.
type mailView struct {
	*Mail
	TextParts []textPart
}

type textPart struct {
	Text string
	Link bool
}

func (w *web) mail(out http.ResponseWriter, r *http.Request) {
	m, err := w.box.Get(r.PathValue("id"))
	if err != nil {
		refuse(out, err)
		return
	}
	show(out, mailPage, mailView{m, textParts(m.Text)})
}

var address = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?')\]]`)

// textParts finds the addresses in a text.
func textParts(text string) []textPart {
	var parts []textPart
	at := 0
	for _, found := range address.FindAllStringIndex(text, -1) {
		parts = append(parts, textPart{Text: text[at:found[0]]}, textPart{Text: text[found[0]:found[1]], Link: true})
		at = found[1]
	}
	return append(parts, textPart{Text: text[at:]})
}

// html serves the HTML part for the frame.
func (w *web) html(out http.ResponseWriter, r *http.Request) {
	m, err := w.box.Get(r.PathValue("id"))
	if err != nil {
		refuse(out, err)
		return
	}
	policy := mailPolicy
	if host := r.Host; isHost(host) {
		policy += " http://" + host + "/o/ https://" + host + "/o/"
	}
	out.Header().Set("Content-Security-Policy", policy)
	write(out, "text/html; charset=utf-8", inNewWindows(m.HTML))
}

// isHost reports whether a Host header can stand in a policy.
func isHost(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == ""
}

var head = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// inNewWindows makes the links of a page open outside of its frame.
func inNewWindows(html string) string {
	const base = `<base target="_blank">`
	at := head.FindStringIndex(html)
	if at == nil {
		return base + html
	}
	return html[:at[1]] + base + html[at[1]:]
}

func (w *web) raw(out http.ResponseWriter, r *http.Request) {
	m, err := w.box.Get(r.PathValue("id"))
	if err != nil {
		refuse(out, err)
		return
	}
	out.Header().Set("Content-Disposition", `attachment; filename="`+m.ID+suffix+`"`)
	write(out, "message/rfc822", string(m.Raw))
}

func (w *web) style(out http.ResponseWriter, _ *http.Request) {
	css, err := pages.ReadFile("pages/style.css")
	if err != nil {
		refuse(out, err)
		return
	}
	write(out, "text/css; charset=utf-8", string(css))
}

// show writes a page of ours.
func show(out http.ResponseWriter, t *template.Template, view any) {
	var page bytes.Buffer
	if err := t.Execute(&page, view); err != nil {
		refuse(out, err)
		return
	}
	out.Header().Set("Content-Security-Policy", pagePolicy)
	write(out, "text/html; charset=utf-8", page.String())
}

func write(out http.ResponseWriter, contentType, body string) {
	h := out.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = out.Write([]byte(body)) // a reader who has left misses nothing
}

func refuse(out http.ResponseWriter, err error) {
	if errors.Is(err, ErrNotFound) {
		http.Error(out, "There is no such mail.", http.StatusNotFound)
		return
	}
	http.Error(out, "The mailbox cannot be read: "+err.Error(), http.StatusInternalServerError)
}

package server

import (
	"maps"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// methods answers one path, by method. HEAD is answered as GET, whose handlers
// count nothing for it; OPTIONS says which methods there are.
type methods map[string]http.HandlerFunc

// ServeHTTP implements http.Handler.
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if answer, ok := m[method]; ok {
		answer(w, r)
		return
	}
	w.Header().Set("Allow", m.allowed())
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case isAPI(r):
		fail(w, http.StatusMethodNotAllowed, "use "+m.allowed())
	default:
		notePage.write(w, http.StatusMethodNotAllowed, note{"That cannot be done here", "Please use the link in the mail itself."})
	}
}

func (m methods) allowed() string {
	names := slices.AppendSeq([]string{http.MethodOptions}, maps.Keys(m))
	if m[http.MethodGet] != nil {
		names = append(names, http.MethodHead)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// isAPI tells who asks: a program, which reads JSON, or a person.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }

// secure sets what every answer should say; a page may say more. Nothing here is
// for search engines, and no address of ours, with its token, is for the sites
// that a page leads to.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		next.ServeHTTP(w, r)
	})
}

// recovered answers for a handler that panicked, and keeps the path out of the
// log, where net/http's own message about it would end.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			switch cause {
			case nil:
				return
			case http.ErrAbortHandler:
				panic(cause)
			}
			what := "not of the runtime: it may speak of a person, and is left out"
			if err, ok := cause.(runtime.Error); ok {
				what = err.Error()
			}
			s.Log.ErrorContext(r.Context(), "request panicked", "method", r.Method, "route", r.Pattern, "cause", what, "stack", string(debug.Stack()))
			http.Error(w, "Something on our side is not working.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// local lets in who sits at this machine. A request that names another host may
// come from a page that has its own name point here (DNS rebinding); one that was
// forwarded comes from a proxy that strangers can reach.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
			notePage.write(w, http.StatusForbidden, note{"This page is for the machine that herald runs on", "Open it there as localhost, or through a tunnel of your own (ssh -L)."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal reports whether a Host header names this machine.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

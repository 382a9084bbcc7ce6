package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// read returns a body of at most limit bytes, before and after unpacking; false
// when the answer has been given.
func read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	if !isJSON(r.Header.Get("Content-Type")) {
		fail(w, http.StatusUnsupportedMediaType, "send the header Content-Type: application/json")
		return nil, false
	}
	if r.ContentLength > limit { // known before a byte of it is read
		w.Header().Set("Connection", "close")
		tooLarge(w, limit)
		return nil, false
	}
	body, ok := unpacked(w, r, limit)
	if !ok {
		return nil, false
	}
	var raw bytes.Buffer
	raw.Grow(int(min(max(r.ContentLength, 0), limit)) + bytes.MinRead)
	_, err := raw.ReadFrom(io.LimitReader(body, limit+1))
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond), int64(raw.Len()) > limit:
		tooLarge(w, limit)
		return nil, false
	case err != nil:
		fail(w, http.StatusBadRequest, "the body broke off, or is not in the encoding that it says")
		return nil, false
	}
	return raw.Bytes(), true
}

// decode reads the JSON of a body; false when the answer has been given.
func decode(w http.ResponseWriter, raw []byte, into any) bool {
	if err := json.Unmarshal(raw, into); err != nil {
		fail(w, http.StatusBadRequest, explain(err))
		return false
	}
	return true
}

// isJSON reports whether a content type may hold a call. Browsers send text/plain
// where they would have to ask first otherwise; none at all is taken, too.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "text/plain")
}

// unpacked is the body without its content encoding; false when the answer has
// been given.
func unpacked(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, bool) {
	body := http.MaxBytesReader(w, r.Body, limit)
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return body, true
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			fail(w, http.StatusBadRequest, "the body says that it is gzip, and is not")
			return nil, false
		}
		return z, true
	}
	w.Header().Set("Accept-Encoding", "gzip")
	fail(w, http.StatusUnsupportedMediaType, "send the body as it is, or as gzip")
	return nil, false
}

func tooLarge(w http.ResponseWriter, limit int64) {
	fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d KB", limit>>10))
}

// explain says what is wrong with JSON, in the words of those who wrote it.
func explain(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("the body is not JSON: %s, at byte %d", syntax, syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Sprintf("%s cannot be a JSON %s", kind.Field, kind.Value)
	}
	return "the body must be a JSON object"
}

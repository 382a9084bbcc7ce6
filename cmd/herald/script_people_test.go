package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/herald-campaigns/herald/providers/mailbox"
)

// The commands of scripts that play people.

// waitRunning waits until a `herald dev` answers: wait-running FOLDER
func waitRunning(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(15 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if r, ok := findRunning(filepath.Join(ts.MkAbs(args[0]), ".herald")); ok {
			if resp, err := http.Get("http://" + r.HTTP + "/healthz"); err == nil {
				resp.Body.Close()
				return
			}
		}
	}
	ts.Fatalf("nothing runs in %s", args[0])
}

// track sends an event over HTTP: track FOLDER EVENT USER [MESSAGE-ID]
func track(ts *testscript.TestScript, neg bool, args []string) {
	data := filepath.Join(ts.MkAbs(args[0]), ".herald")
	r, _ := findRunning(data)
	key, err := apiKey(data)
	ts.Check(err)
	call := map[string]any{"userId": args[2], "event": args[1]}
	if len(args) > 3 {
		call["messageId"] = args[3]
	}
	body, err := json.Marshal(call)
	ts.Check(err)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+r.HTTP+"/v1/track", bytes.NewReader(body))
	ts.Check(err)
	req.SetBasicAuth(key, "")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if (resp.StatusCode >= 400) != neg {
		ts.Fatalf("%s: %s", resp.Status, answer)
	}
}

// lastMail waits for a mail in the mailbox, and returns the newest to an address.
func lastMail(ts *testscript.TestScript, folder, to string) mailbox.Mail {
	box := mailbox.Open(filepath.Join(ts.MkAbs(folder), ".herald"))
	defer box.Close()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		mails := box.Since("")
		for i := len(mails) - 1; i >= 0; i-- {
			if strings.Contains(mails[i].To, to) {
				return mails[i]
			}
		}
	}
	ts.Fatalf("no mail to %s arrived", to)
	return mailbox.Mail{}
}

// showMail prints the newest mail to somebody as it was sent: mail FOLDER ADDRESS
func showMail(ts *testscript.TestScript, _ bool, args []string) {
	fmt.Fprintf(ts.Stdout(), "%s", lastMail(ts, args[0], args[1]).Raw)
}

// unsubscribe follows the link in somebody's newest mail and presses the button,
// in Chromium where there is one: unsubscribe FOLDER ADDRESS
func unsubscribe(ts *testscript.TestScript, _ bool, args []string) {
	link := regexp.MustCompile(`https?://[^"\s<>]+/u/[^"\s<>]+`).FindString(lastMail(ts, args[0], args[1]).HTML)
	if link == "" {
		ts.Fatalf("the mail has no unsubscribe link")
	}
	var text string
	if browser, err := exec.LookPath("chromium"); err == nil {
		text = pressInBrowser(ts, browser, link)
	} else {
		ts.Logf("there is no chromium: the button is pressed without a browser")
		resp, err := http.Post(link, "application/x-www-form-urlencoded", strings.NewReader(""))
		ts.Check(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		ts.Check(err)
		text = string(body)
	}
	fmt.Fprintln(ts.Stdout(), text)
}

func pressInBrowser(ts *testscript.TestScript, browser, link string) string {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.UserDataDir(ts.MkAbs("browser")))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, timeout := context.WithTimeout(ctx, time.Minute)
	defer timeout()
	ts.Check(chromedp.Do(ctx, chromedp.Navigate(link)))
	_, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click("#unsubscribe")))
	ts.Check(err)
	text, err := chromedp.Run(ctx, chromedp.Text("main"))
	ts.Check(err)
	return text
}

package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

var snippetCommand = command{
	name: "snippet", args: "[-url URL] [-consent] [DIR]", about: "print the tag that lets a shop's pages tell what visitors look at",
	long: "The tag stands in the head of each page. Its key can be read by everybody: it lets\nevents in and nothing out, at a pace, and replaces nothing that is known of a customer.\nIt is in browser.key in the store's folder, or what HERALD_BROWSER_KEY says.\nHERALD_ORIGINS names the sites that may use it: https://shop.example,https://….",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		base := c.flags.String("url", "", "where herald is reached from outside; left out, site { base_url } of what is live, or the running `herald dev`")
		consent := c.flags.Bool("consent", false, "send and store nothing before the page calls herald.consent(true)")
		if err := c.parse(); err != nil {
			return err
		}
		address, err := c.snippetURL(ctx, *base)
		if err != nil {
			return err
		}
		key, err := browserKey(c.dataDir())
		if err != nil {
			return err
		}
		more := ""
		if *consent {
			more = ` data-consent="required"`
		}
		fmt.Fprintf(c.out, "<script>window.herald = window.herald || []</script>\n<script async src=\"%s/herald.js\" data-key=\"%s\"%s></script>\n", html.EscapeString(address), key, more)
		return nil
	},
}

// snippetURL is where browsers find this server.
func (c *call) snippetURL(ctx context.Context, given string) (string, error) {
	if given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return "", fmt.Errorf("-url %q is no address: write it as https://mail.shop.example", given)
		}
		return strings.TrimSuffix(given, "/"), nil
	}
	s, err := c.openStore(ctx)
	if err != nil {
		return "", err
	}
	defer s.Close()
	var live store.Live
	if err := s.View(ctx, func(r store.Reader) (err error) {
		live, err = r.Live()
		return err
	}); err != nil {
		return "", err
	}
	if live.Settings.BaseURL != "" {
		return live.Settings.BaseURL, nil
	}
	if r, ok := findRunning(c.dataDir()); ok {
		return "http://" + r.HTTP, nil
	}
	return "", errors.New("say where herald is reached from outside: -url https://mail.shop.example, or site { base_url } in the project")
}

// browserKey reads the key that stands in a shop's pages, or makes one.
func browserKey(dataDir string) (string, error) {
	return secretFile(filepath.Join(dataDir, "browser.key"), "HERALD_BROWSER_KEY")
}

// pageOrigins are the sites whose pages may send with the browser's key.
func pageOrigins() (origins []string) {
	for origin := range strings.SplitSeq(os.Getenv("HERALD_ORIGINS"), ",") {
		if origin = strings.TrimSpace(origin); origin != "" {
			origins = append(origins, origin)
		}
	}
	return origins
}

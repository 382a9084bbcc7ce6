package template

import (
	"maps"
	"slices"
	"strings"
)

// Reads names what a template looks at, each list sorted and without repeats.
type Reads struct {
	Variables  []string // names at the root: "profile", "unsubscribe_url"
	Paths      []string // "profile.first_name", "cart.items"; not what a loop reads of the elements
	Attributes []string // of the profile
	Catalogs   []string // whose rows it looks up
	Contents   []string // {% content NAME %}
	Strings    []string // keys of translations
}

// UsesVariable reports whether the template names a variable at the root, such
// as unsubscribe_url.
func (r Reads) UsesVariable(name string) bool { return has(r.Variables, name) }

// UsesContent reports whether the template shows a content.
func (r Reads) UsesContent(name string) bool { return has(r.Contents, name) }

func has(sorted []string, name string) bool {
	_, ok := slices.BinarySearch(sorted, name)
	return ok
}

// Link is the address of an <a>.
type Link struct {
	Start, End int    // where the value stands in the source
	URL        string // "" if it is computed
	Tracked    bool   // whether Data.Link may be asked about it
}

// names is a set of names on its way into Reads.
type nameSet map[string]bool

func (s nameSet) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// reading collects what a template looks at.
type reading struct{ paths, catalogs, contents, strings nameSet }

func newReading() reading { return reading{nameSet{}, nameSet{}, nameSet{}, nameSet{}} }

func (r reading) reads() Reads {
	variables, attributes := nameSet{}, nameSet{}
	for path := range r.paths {
		root, rest, _ := strings.Cut(path, ".")
		variables[root] = true
		if attribute, _, _ := strings.Cut(rest, "."); root == "profile" && attribute != "" {
			attributes[attribute] = true
		}
	}
	return Reads{
		Variables: variables.sorted(), Paths: leaves(r.paths.sorted()), Attributes: attributes.sorted(),
		Catalogs: r.catalogs.sorted(), Contents: r.contents.sorted(), Strings: r.strings.sorted(),
	}
}

// leaves drops each path that is the beginning of the one behind it.
func leaves(sorted []string) []string {
	return slices.DeleteFunc(sorted, func(p string) bool {
		i, ok := slices.BinarySearch(sorted, p+".")
		return !ok && i < len(sorted) && strings.HasPrefix(sorted[i], p+".")
	})
}

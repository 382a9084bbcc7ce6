package template

import (
	"maps"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// info is what is known of an expression before it has a value.
type info struct {
	typ       campaign.Type
	absent    bool   // may be blank: missing, or an empty list
	path      string // what conditions can tell about; "" if it is not a path
	lack      lack   // what it is that may be blank
	constant  any    // the value of a constant
	isConst   bool
	markup    bool // holds HTML: captured, and escaped already, or lines
	lines     bool // text whose line breaks become <br>
	encoded   bool // has been through url_encode
	protected bool // a way out, such as unsubscribe_url: its link is not rewritten
	broken    bool // a problem has been reported: say no more
}

// lack is what may be missing, for a message.
type lack struct {
	what  string // as written
	guard bool   // {% if what %} makes sure of it
	empty bool   // it is a list
}

func anything() info { return info{typ: campaign.Of(campaign.Any), broken: true} }

func known(t campaign.Type) info { return info{typ: t} }

var (
	stringType = campaign.Of(campaign.String)
	numberType = campaign.Of(campaign.Number)
	boolType   = campaign.Of(campaign.Bool)
)

// facts are the paths that are known to be there, at one point of the template.
type facts map[string]bool

// with adds paths, and what must be there for them to be.
func (f facts) with(paths []string) facts {
	if len(paths) == 0 {
		return f
	}
	f = maps.Clone(f)
	for _, p := range paths {
		for f[p] = true; strings.Contains(p, "."); f[p] = true {
			p = p[:strings.LastIndexByte(p, '.')]
		}
	}
	return f
}

// without forgets what is known of a variable.
func (f facts) without(root string) facts {
	f = maps.Clone(f)
	maps.DeleteFunc(f, func(p string, _ bool) bool { return p == root || strings.HasPrefix(p, root+".") })
	return f
}

// both keeps what is known on either of two ways to a point.
func (f facts) both(g facts) facts {
	out := facts{}
	for p := range f {
		if g[p] {
			out[p] = true
		}
	}
	return out
}

// flow is what is known at one point of the template.
type flow struct {
	facts    facts
	assigned map[*variable]bool // set on some way to here; true: it may be blank
}

func newFlow() flow { return flow{facts{}, map[*variable]bool{}} }

// fork returns a copy in which paths are known to be there.
func (f flow) fork(paths []string) flow {
	return flow{maps.Clone(f.facts).with(paths), maps.Clone(f.assigned)}
}

// join is what is known where two ways meet.
func (f flow) join(g flow) flow {
	assigned := map[*variable]bool{}
	for _, pair := range [2][2]flow{{f, g}, {g, f}} {
		for v, absent := range pair[0].assigned {
			other, ok := pair[1].assigned[v]
			assigned[v] = absent || other || !ok
		}
	}
	return flow{f.facts.both(g.facts), assigned}
}

// variable is a name that the template itself gives to a value.
type variable struct {
	name  string
	root  string // its place in facts, which no data can have
	local int
	info  info
}

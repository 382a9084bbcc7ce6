package intake

import (
	"maps"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// role is what a column of a file, or a member of a flat JSON object, is for.
type role uint8

const (
	unknownRole   role = iota
	attributeRole      // of the profile
	anonymousRole      // anonymous ID
	topicRole          // consent to a topic
	consentAtRole
	consentSourceRole
	eventRole // name of the event
	atRole    // its instant
	messageIDRole
	propertyRole // of the row's event
	bundleRole   // an object with traits or properties
)

// place is a column with its role.
type place struct {
	role      role
	name      string              // as the file writes it
	attribute *campaign.Attribute // of attributeRole
	topic     string              // of topicRole
	channel   string
	fields    map[*eventWords]*campaign.Field // of propertyRole, as far as looked up
}

// same reports whether two columns say the same thing.
func (p *place) same(q *place) bool {
	return p.role == q.role && p.attribute == q.attribute && p.topic == q.topic && p.channel == q.channel &&
		(p.role != propertyRole && p.role != unknownRole || fold(p.name) == fold(q.name))
}

// field is the property of e that the column is for; nil when e declares none.
func (p *place) field(e *eventWords) *campaign.Field {
	f, ok := p.fields[e]
	if !ok {
		f, _ = e.properties.find(strings.TrimPrefix(p.name, propertyPrefix))
		p.fields[e] = f
	}
	return f
}

// The prefixes of columns.
const (
	topicPrefix    = "topic."
	propertyPrefix = "properties." // where a property has the name of another column
)

// synonyms of the attributes that people are known by.
var synonyms = map[string]string{"userid": "id", "key": "id", "emailaddress": "email", "mail": "email", "phonenumber": "phone"}

// place finds the role of a column.
func (v *vocabulary) place(kind Kind, name string) *place {
	p := &place{name: name}
	folded := fold(name)
	switch {
	case folded == "anonymousid":
		p.role = anonymousRole
	case kind == Profiles:
		v.profilePlace(p, folded)
	default:
		v.eventPlace(p, folded)
	}
	return p
}

func (v *vocabulary) profilePlace(p *place, folded string) {
	if rest, ok := strings.CutPrefix(strings.ToLower(p.name), topicPrefix); ok {
		name, channel, _ := strings.Cut(rest, ".")
		if topic, ok := v.topics.find(name); ok {
			p.role, p.topic, p.channel = topicRole, topic.Name, channel
			return
		}
	}
	switch folded {
	case "consentat":
		p.role = consentAtRole
	case "consentsource":
		p.role = consentSourceRole
	case "traits":
		p.role = bundleRole
	}
	a, ok := v.attributes.find(p.name)
	if !ok {
		a, ok = v.attributes.find(synonyms[folded])
	}
	if ok {
		p.role, p.attribute = attributeRole, a
	}
}

func (v *vocabulary) eventPlace(p *place, folded string) {
	if property, ok := strings.CutPrefix(p.name, propertyPrefix); ok && v.properties[fold(property)] {
		p.role, p.fields = propertyRole, map[*eventWords]*campaign.Field{}
		return
	}
	switch folded {
	case "event", "eventname":
		p.role = eventRole
		return
	case "at", "timestamp", "originaltimestamp":
		p.role = atRole
		return
	case "messageid":
		p.role = messageIDRole
		return
	case "id", "email":
		p.role = attributeRole
		p.attribute, _ = v.attributes.find(folded)
		return
	}
	switch {
	case v.properties[folded]:
		p.role, p.fields = propertyRole, map[*eventWords]*campaign.Field{}
	case folded == "properties":
		p.role = bundleRole
	case synonyms[folded] == "id" || synonyms[folded] == "email":
		p.role = attributeRole
		p.attribute, _ = v.attributes.find(synonyms[folded])
	}
}

// unknown is the warning about a column that nothing is declared for.
func (v *vocabulary) unknown(kind Kind, name string) string {
	hint := ""
	if near := diag.DidYouMean(name, v.columns(kind)); near != "" {
		hint = ` (did you mean "` + near + `"?)`
	}
	return "column " + quote(name) + " is not declared, and was left out" + hint
}

// columns are the names that a file may use.
func (v *vocabulary) columns(kind Kind) []string {
	if kind == Events {
		names := []string{"user_id", "anonymous_id", "email", "event", "at", "timestamp", "message_id"}
		for _, e := range v.events.exact {
			names = append(names, e.properties.names...)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	names := append([]string{"anonymous_id", "consent_at", "consent_source"}, v.attributes.names...)
	for topic := range maps.Keys(v.topics.exact) {
		names = append(names, topicPrefix+topic)
	}
	return names
}

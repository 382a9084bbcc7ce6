package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// CEL's side of the types that CEL does not have.
var (
	dateType = types.NewOpaqueType("date")
	anyType  = types.NewOpaqueType("any")
)

// universe holds the object types of a World and gives CEL its field types. An
// object type is the same for CEL when it is the same for authors: equal
// campaign types share one name. Names begin with @, which no author can write.
type universe struct {
	mu       sync.RWMutex
	catalogs map[string]*campaign.Catalog
	byType   map[string]*types.Type // campaign object and ref types, by Type.String
	structs  map[string]*structType // by the CEL name
}

type structType struct {
	cel    *types.Type
	asType *types.Type            // the type of cel as a value, which the checker asks for
	typ    campaign.Type          // of an object or ref; Invalid for a root such as profile
	label  string                 // how a root is called: "profile"
	event  bool                   // an event as a whole
	names  []string               // fields, sorted
	fields map[string]*types.Type // nil for a field whose declaration is in error

	// lazy finds the type of a field that is known by name only until it is asked
	// for; nil: it stands in fields.
	lazy func(name string) *types.Type
}

var _ types.Provider = (*universe)(nil)

func newUniverse(catalogs []*campaign.Catalog) *universe {
	u := &universe{catalogs: map[string]*campaign.Catalog{}, byType: map[string]*types.Type{}, structs: map[string]*structType{}}
	for _, c := range catalogs {
		u.catalogs[c.Name] = c
	}
	return u
}

// cel is the CEL type that stands for t. A type that is in error becomes CEL's
// error type, which goes with everything: what it breaks has been said before.
func (u *universe) cel(t campaign.Type) *types.Type {
	switch t.Kind {
	case campaign.String:
		return types.StringType
	case campaign.Number:
		return types.DoubleType
	case campaign.Bool:
		return types.BoolType
	case campaign.Time:
		return types.TimestampType
	case campaign.Duration:
		return types.DurationType
	case campaign.Date:
		return dateType
	case campaign.List, campaign.Set:
		return types.NewListType(u.cel(*t.Elem))
	case campaign.Map:
		return types.NewMapType(types.StringType, u.cel(*t.Elem))
	case campaign.Object, campaign.Ref:
		return u.object(t)
	case campaign.Any:
		return anyType
	}
	return types.ErrorType
}

// object finds or makes the CEL type of an object or a ref.
func (u *universe) object(t campaign.Type) *types.Type {
	key := t.String()
	u.mu.RLock()
	found := u.byType[key]
	u.mu.RUnlock()
	if found != nil {
		return found
	}
	row := t
	if t.Kind == campaign.Ref {
		catalog, ok := u.catalogs[t.Catalog]
		if !ok {
			return types.ErrorType
		}
		row = catalog.RowType()
	}
	fields := make(map[string]*types.Type, len(row.Fields))
	for _, f := range row.Fields {
		fields[f.Name] = u.cel(f.Type)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if found := u.byType[key]; found != nil { // someone else was faster
		return found
	}
	name := fmt.Sprintf("@object%d", len(u.byType)) // short: the checker writes types out a lot
	u.byType[key] = u.add(name, &structType{typ: t, fields: fields})
	return u.byType[key]
}

// event is the CEL type of an event.
func (u *universe) event(of campaign.Type) *types.Type {
	t := u.object(of)
	u.mu.Lock()
	defer u.mu.Unlock()
	if s := u.structs[t.TypeName()]; s != nil {
		s.event = true
	}
	return t
}

// root makes the CEL type of something like profile, whose name in diagnostics
// is label. The id tells apart roots of one label.
func (u *universe) root(label, id string, fields map[string]*types.Type) *types.Type {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.add("@"+label+id, &structType{label: label, fields: fields})
}

// lazyRoot is a root whose fields have their types found when they are asked for.
func (u *universe) lazyRoot(label string, names []string, typeOf func(name string) *types.Type) *types.Type {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.add("@"+label, &structType{label: label, fields: fieldsOf(names, types.ErrorType), lazy: typeOf})
}

// add keeps s under the name, unless there is one; the caller holds the lock.
func (u *universe) add(name string, s *structType) *types.Type {
	if old, ok := u.structs[name]; ok {
		return old.cel
	}
	s.cel = types.NewObjectType(name)
	s.asType = types.NewTypeTypeWithParam(s.cel)
	s.names = slices.Sorted(maps.Keys(s.fields))
	u.structs[name] = s
	return s.cel
}

// refs are the CEL types of all refs so far, sorted by name.
func (u *universe) refs() []*types.Type {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var out []*types.Type
	for _, s := range u.structs {
		if s.typ.Kind == campaign.Ref {
			out = append(out, s.cel)
		}
	}
	slices.SortFunc(out, func(a, b *types.Type) int { return strings.Compare(a.TypeName(), b.TypeName()) })
	return out
}

func (u *universe) lookup(name string) *structType {
	if !strings.HasPrefix(name, "@") {
		return nil
	}
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.structs[name]
}

// FindStructType tells the checker that an object type exists.
func (u *universe) FindStructType(name string) (*types.Type, bool) {
	if s := u.lookup(name); s != nil {
		return s.asType, true
	}
	return nil, false
}

// FindStructFieldType tells the checker the type of a field.
func (u *universe) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	s := u.lookup(name)
	if s == nil {
		return nil, false
	}
	t, ok := s.fields[field]
	if ok && s.lazy != nil {
		t = s.lazy(field)
	}
	return &types.FieldType{Type: t}, ok
}

// FindStructFieldNames lists the fields of an object type.
func (u *universe) FindStructFieldNames(name string) ([]string, bool) {
	s := u.lookup(name)
	if s == nil {
		return nil, false
	}
	return s.names, true
}

// FindIdent finds nothing: no name is declared but by a scope.
func (u *universe) FindIdent(string) (ref.Val, bool) { return nil, false }

var errNoEnums = types.WrapErr(errors.New("there are no enums"))

// EnumValue finds nothing.
func (u *universe) EnumValue(string) ref.Val { return errNoEnums }

// NewValue refuses: objects are not built by type name.
func (u *universe) NewValue(string, map[string]ref.Val) ref.Val { return errNoEnums }

// inWords says what a CEL type is to an author: "number", "list(string)", "the
// history of an event".
func (u *universe) inWords(t *types.Type) string {
	switch t.Kind() {
	case types.DoubleKind, types.IntKind, types.UintKind:
		return "number"
	case types.TimestampKind:
		return "time"
	case types.DurationKind:
		return "duration"
	case types.ListKind:
		if u.isHistory(t) {
			return "history"
		}
		return "list(" + u.inWords(t.Parameters()[0]) + ")"
	case types.MapKind:
		return "map(" + u.inWords(t.Parameters()[1]) + ")"
	case types.DynKind, types.TypeParamKind:
		return "any"
	case types.StructKind:
		return u.structInWords(t)
	}
	return t.TypeName() // string, bool, date, any
}

// isHistory reports whether t is the type of events.NAME, which for CEL is a list
// of events; what a history can do that a list cannot, lowering keeps apart.
func (u *universe) isHistory(t *types.Type) bool {
	if t.Kind() != types.ListKind || t.Parameters()[0].Kind() != types.StructKind {
		return false
	}
	s := u.lookup(t.Parameters()[0].TypeName())
	return s != nil && s.event
}

func (u *universe) structInWords(t *types.Type) string {
	s := u.lookup(t.TypeName())
	switch {
	case s == nil:
		return "object"
	case s.label != "":
		return s.label
	case s.typ.Kind == campaign.Ref:
		return s.typ.String()
	}
	return shortType(s.typ)
}

// shortType writes a type for a sentence: an object by some of its fields only.
func shortType(t campaign.Type) string {
	switch t.Kind {
	case campaign.List, campaign.Set, campaign.Map:
		return t.Kind.String() + "(" + shortType(*t.Elem) + ")"
	case campaign.Object:
		var names []string
		for i, f := range t.Fields {
			if i == 4 {
				names = append(names, "…")
				break
			}
			names = append(names, f.Name)
		}
		return "object with " + strings.Join(names, ", ")
	}
	return t.String()
}

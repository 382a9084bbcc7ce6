package syntax

import (
	"io/fs"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// Project is the positioned tree of all files of a folder.
type Project struct {
	Dir     string            // where it was read from, as given
	FS      fs.FS             // its folder; file() and dir() read here and nowhere else
	Blocks  []*Block          // top-level blocks, by file name, then in the order written
	Tests   []*Block          // blocks of *.test.hcl files
	Sources map[string][]byte // by file name: what diagnostics quote from
}

// Block is one block as written.
type Block struct {
	Type       string
	TypeRange  diag.Range
	Labels     []Label
	Attributes []*Attribute // in the order written; names are unique
	Blocks     []*Block     // in the order written
	Header     diag.Range   // type and labels
	Range      diag.Range   // header and body
}

// Label is one label of a block.
type Label struct {
	Text  string
	Range diag.Range
}

// Attribute is name = expression.
type Attribute struct {
	Name      string
	NameRange diag.Range
	Expr      *Expr
	Range     diag.Range
}

// Reference is a dotted name as written: message.cart_reminder.
type Reference struct {
	Parts []string
	Range diag.Range
}

// Item is one entry of an object expression.
type Item struct {
	Key      string
	KeyRange diag.Range
	Value    *Expr
}

// Unknown is the value of an expression that names a variable without a value:
// `validate` checks projects without them. Type is the variable's where the
// expression is nothing but that variable, and campaign.Any else.
type Unknown struct{ Type campaign.Type }

// Scope is what an expression may name when it is evaluated.
type Scope struct {
	// Values by root and name: Values["variable"]["vip_spend"]. A value is plain
	// Go as package campaign has it, or a campaign.Secret, or an Unknown.
	Values map[string]map[string]any
	// Env looks up an environment variable for env().
	Env func(name string) (string, bool)
	// SecretEnv makes env("X") give campaign.Secret{Env: "X"}: for sensitive attributes.
	SecretEnv bool
	// FS is what file() and dir() read.
	FS fs.FS
}

// Text is a string with a way back to where each byte of it was written: in a
// quoted literal, in a heredoc with its stripped indentation, or in the file
// that file() names.
type Text struct {
	Value string
	// Unknown says that the string depends on a variable without a value, as
	// when a project is validated; Value is empty then.
	Unknown bool
	locate  func(start, end int) diag.Range
}

// Range returns where the bytes [start, end) of Value stand in their source.
// Where that cannot be told, it is the range of the whole expression.
func (t Text) Range(start, end int) diag.Range {
	if t.locate == nil {
		return diag.Range{}
	}
	return t.locate(start, end)
}

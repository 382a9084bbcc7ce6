package syntax

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/diag"
)

const (
	maxFileSize = 4 << 20  // of a source file
	maxDataSize = 64 << 20 // of a file that file() and dir() read
	maxNesting  = 100
)

// Load reads the project in the folder dir. Whatever could be read is in the
// Project, which is never nil; when the List has errors, passes over it would
// mostly report what follows from them.
func Load(dir string) (*Project, diag.List) {
	return LoadFS(folder(dir), dir)
}

// LoadFS reads the project at the root of fsys; dir is what to call it.
func LoadFS(fsys fs.FS, dir string) (*Project, diag.List) {
	p := &Project{Dir: dir, FS: fsys, Sources: map[string][]byte{}}
	names, problems := projectFiles(fsys, dir)
	var files []*file
	for _, name := range names {
		f, diags := readSource(fsys, name)
		problems = append(problems, diags...)
		if f != nil {
			p.Sources[name] = f.src
			files = append(files, f)
		}
	}
	for i, r := range readAll(files) {
		problems = append(problems, r.diags...)
		if isTest(files[i].name) {
			p.Tests = append(p.Tests, r.blocks...)
		} else {
			p.Blocks = append(p.Blocks, r.blocks...)
		}
	}
	problems.Sort()
	return p, problems
}

// Read reads one file that stands in no folder, such as one that herald brings
// along; name is what places in it are called by.
func Read(name string, src []byte) ([]*Block, diag.List) {
	r := readAll([]*file{{name: name, src: src}})[0]
	return r.blocks, r.diags
}

// Source returns the bytes of a file of the project, for quoting: one that was
// loaded, or one that file() and dir() read. It is nil when there is none.
func (p *Project) Source(name string) []byte {
	if src, ok := p.Sources[name]; ok {
		return src
	}
	if p.FS == nil || !fs.ValidPath(name) {
		return nil
	}
	src, err := readLimited(p.FS, name, maxDataSize)
	if err != nil {
		return nil
	}
	return src
}

// folder is a directory as an fs.FS that cannot be left, by symbolic links
// neither. Unlike os.Root.FS it holds nothing open.
type folder string

// Open opens the named file, as fs.FS has it.
func (f folder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return os.OpenInRoot(string(f), filepath.FromSlash(name))
}

// projectFiles lists the files of a project by name.
func projectFiles(fsys fs.FS, dir string) ([]string, diag.List) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, diag.List{{
			Code:    "unreadable-folder",
			Summary: "Project folder cannot be read",
			Detail:  fmt.Sprintf("%s: %v.", dir, cause(err)),
			Fix:     "Name the folder that holds the project's .hcl files.",
		}}
	}
	var names []string
	for _, e := range entries {
		isFile := e.Type()&^fs.ModeSymlink == 0 // not a folder, nor a pipe that would block
		if name := e.Name(); isFile && !strings.HasPrefix(name, ".") && isSource(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, diag.List{noFiles(entries, dir)}
	}
	return names, nil
}

func noFiles(entries []fs.DirEntry, dir string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    "no-files",
		Summary: "No campaigns here",
		Detail:  fmt.Sprintf("The folder %s holds no .hcl or .hcl.json file.", dir),
		Fix:     "Name the folder of a project, or begin one with a file such as herald.hcl.",
	}
	for _, e := range entries {
		if path.Ext(e.Name()) == ".tf" {
			d.Fix = "This looks like a Terraform project: herald's files end in .hcl."
		}
	}
	return d
}

func isSource(name string) bool { return strings.HasSuffix(name, ".hcl") || isJSON(name) }

func isJSON(name string) bool { return strings.HasSuffix(name, ".hcl.json") }

func isTest(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, ".json"), ".test.hcl")
}

// readSource reads one file and refuses what cannot be text of a project. The
// file is nil when it could not be read at all.
func readSource(fsys fs.FS, name string) (*file, diag.List) {
	whole := diag.Range{File: name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}
	src, err := readLimited(fsys, name, maxFileSize)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, diag.List{{
			Code:    "file-too-large",
			Summary: "File too large",
			Detail:  fmt.Sprintf("%s is larger than 4 MB.", name),
			Fix:     "Split it into several files, and keep data in CSV files that a catalog names.",
			Subject: whole,
		}}
	case err != nil:
		return nil, diag.List{{
			Code:    "unreadable-file",
			Summary: "File cannot be read",
			Detail:  fmt.Sprintf("%s: %v.", name, cause(err)),
			Subject: whole,
		}}
	}
	if i := invalidUTF8(src); i >= 0 {
		at := advance(src, diag.Pos{Line: 1, Column: 1}, i, false)
		return nil, diag.List{{
			Code:    "invalid-encoding",
			Summary: "File is not UTF-8",
			Detail:  fmt.Sprintf("The byte 0x%02x in line %d is not valid UTF-8.", src[i], at.Line),
			Fix:     "Save the file in UTF-8.",
			Subject: diag.Range{File: name, Start: at, End: at},
		}}
	}
	return &file{name: name, src: src}, nil
}

var errTooLarge = errors.New("file too large")

func readLimited(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(src)) > limit {
		err = errTooLarge
	}
	return src, err
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// cause is what went wrong without the path, which the message names already.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

// bom is the length of the byte order mark that src begins with.
func bom(src []byte) int {
	if bytes.HasPrefix(src, byteOrderMark) {
		return len(byteOrderMark)
	}
	return 0
}

package syntax

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// readText reads the file that file(name) means.
func readText(fsys fs.FS, name string) (*file, *fault) {
	clean, bad := insideProject(fsys, name)
	if bad != nil {
		return nil, bad
	}
	src, err := readLimited(fsys, clean, maxDataSize)
	if err != nil {
		return nil, unreadable(fsys, clean, err)
	}
	if invalidUTF8(src) >= 0 {
		return nil, &fault{
			code: "invalid-encoding", summary: "File is not UTF-8",
			detail: fmt.Sprintf("%s is not text in UTF-8.", clean),
			fix:    "Save the file in UTF-8.",
		}
	}
	return &file{name: clean, src: src}, nil
}

// text is the content without a byte order mark.
func (f *file) text() string { return string(f.src[bom(f.src):]) }

// readFolder reads the files of a folder, by name.
func readFolder(fsys fs.FS, name string) ([]*file, *fault) {
	clean, bad := insideProject(fsys, name)
	if bad != nil {
		return nil, bad
	}
	entries, err := fs.ReadDir(fsys, clean)
	if err != nil {
		return nil, unreadable(fsys, clean, err)
	}
	var files []*file
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		f, bad := readText(fsys, path.Join(clean, e.Name()))
		if bad != nil {
			return nil, bad
		}
		files = append(files, f)
	}
	return files, nil
}

// insideProject refuses paths that lead out of the project's folder. That no
// symbolic link does is up to fsys.
func insideProject(fsys fs.FS, name string) (string, *fault) {
	outside := &fault{
		code: "outside-project", summary: "Path leads out of the project",
		detail: fmt.Sprintf("%q is not a path within the project's folder.", name),
		fix:    "Put the file into the project, and write its path from there with slashes: \"messages/welcome.mjml\".",
	}
	if fsys == nil || name == "" || strings.ContainsAny(name, "\\\x00") {
		return "", outside
	}
	clean := path.Clean(name)
	if !fs.ValidPath(clean) {
		return "", outside
	}
	return clean, nil
}

func unreadable(fsys fs.FS, name string, err error) *fault {
	f := &fault{
		code: "unreadable-file", summary: "File cannot be read",
		detail: fmt.Sprintf("%s: %v.", name, cause(err)),
	}
	if info, err := fs.Stat(fsys, name); err == nil && info.IsDir() {
		f.detail, f.fix = name+" is a folder.", fmt.Sprintf("Name a file in it; dir(%q) reads all of them.", name)
		return f
	}
	entries, _ := fs.ReadDir(fsys, path.Dir(name))
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	if near := diag.DidYouMean(path.Base(name), names); near != "" {
		f.fix = fmt.Sprintf("Did you mean %s?", path.Join(path.Dir(name), near))
	}
	return f
}

package sessionlog

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func clientsPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/CLIENTS.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exportedNames are the package's, with the methods of its types and the fields of its structs by type.
func exportedNames(t *testing.T) (names []string, fields map[string][]string) {
	t.Helper()
	fields = map[string][]string{}
	files, err := filepath.Glob("*.go")
	ofTests, err2 := filepath.Glob("sessionlogtest/*.go")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Concat(files, ofTests) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				names = append(names, node.Name.Name)
			case *ast.ValueSpec:
				for _, name := range node.Names {
					names = append(names, name.Name)
				}
			case *ast.TypeSpec:
				names = append(names, node.Name.Name)
				if fieldsOf, isStruct := node.Type.(*ast.StructType); isStruct {
					for _, field := range fieldsOf.Fields.List {
						for _, name := range field.Names {
							if name.IsExported() {
								fields[node.Name.Name] = append(fields[node.Name.Name], name.Name)
							}
						}
					}
				}
			}
			return true
		})
	}
	return names, fields
}

// The tables of docs/CLIENTS.md name what there is, and all options and stats.
func TestClientsPageHasTheNames(t *testing.T) {
	names, fields := exportedNames(t)
	names = slices.Concat(names, fields["Options"], fields["Stats"])
	var shown []string
	column := -1
	for line := range strings.Lines(clientsPage(t)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			column = -1
			continue
		}
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "Go" {
				column = i
			}
		}
		if column < 0 || column >= len(cells) {
			continue
		}
		for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(cells[column], -1) {
			name := regexp.MustCompile(`^(log\.|sessionlogtest\.)?(\w+)`).FindStringSubmatch(strings.TrimLeft(quoted, "`*"))
			shown = append(shown, name[2])
		}
	}
	for _, name := range shown {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the package", name)
		}
	}
	for _, name := range slices.Concat(fields["Options"], fields["Stats"]) {
		if name != "Address" && !slices.Contains(shown, name) {
			t.Errorf("%s is in no table", name)
		}
	}
}

// A handler with its loop, as the page has it and conformance runs it.
func TestClientsPageHasAShortHandler(t *testing.T) {
	_, program, _ := strings.Cut(clientsPage(t), "\nfunc fill(")
	handler, _, found := strings.Cut(program, "\n}\n")
	if lines := strings.Count(handler, "\n") + 2; !found || lines > 18 {
		t.Errorf("it has %d lines", lines)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// All bugs are built into one binary, as building takes longer than most tests: a function with bugs becomes one copy for each,
// and a function of its name that calls the copy that the environment asks for. (Untch, Offutt and Harrold call that mutant
// schemata, ISSTA 1993.)

// variable is the environment variable that holds the number of the bug; without it there is none.
const variable = "MUTATE_BUG"

// combined is the text of each changed file, by path.
func (s *suite) combined() (map[string]string, error) {
	byFile := map[string][]int{}
	for i := range s.Bugs {
		if s.Bugs[i].broken == nil {
			byFile[s.Bugs[i].File] = append(byFile[s.Bugs[i].File], i)
		}
	}
	texts := map[string]string{}
	for file, bugs := range byFile {
		text, name, err := s.combine(file, bugs)
		if err != nil {
			return nil, err
		}
		texts[file] = text
		texts[filepath.Join(filepath.Dir(file), "mutate_bug.go")] = "package " + name + "\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar mutateBug, _ = strconv.Atoi(os.Getenv(\"" + variable + "\"))\n"
	}
	return texts, nil
}

// combine puts bugs, numbered from 1, into a file.
func (s *suite) combine(file string, bugs []int) (text, pkg string, err error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return "", "", err
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	copies := map[*ast.FuncDecl][]int{}
	for _, i := range bugs {
		b := &s.Bugs[i]
		from, err := b.place(string(source))
		if err != nil {
			b.broken = err
			continue
		}
		k := slices.IndexFunc(tree.Decls, func(d ast.Decl) bool { return at(d.Pos()) <= from && from+len(b.Old) <= at(d.End()) })
		if k < 0 {
			b.broken = fmt.Errorf("%q is in no function", b.Old)
			continue
		}
		f, ok := tree.Decls[k].(*ast.FuncDecl)
		if !ok {
			b.broken = fmt.Errorf("%q is in no function", b.Old)
			continue
		}
		copies[f] = append(copies[f], i)
	}
	var out strings.Builder
	done := 0
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || len(copies[f]) == 0 {
			continue
		}
		from, to := at(f.Pos()), at(f.End())
		nameEnd := at(f.Name.End())
		out.Write(source[done:from])
		done = to
		out.WriteString(dispatcher(f, string(source), at, copies[f]))
		fmt.Fprintf(&out, "\n\n%s_bug0%s\n", source[from:nameEnd], source[nameEnd:to])
		for _, i := range copies[f] {
			b := &s.Bugs[i]
			place, _ := b.place(string(source)) // found above
			fmt.Fprintf(&out, "\n%s_bug%d%s%s%s\n", source[from:nameEnd], i+1, source[nameEnd:place], b.New, source[place+len(b.Old):to])
		}
	}
	out.Write(source[done:])
	return out.String(), tree.Name.Name, nil
}

// dispatcher is a function of f's name and type that calls its copies.
func dispatcher(f *ast.FuncDecl, source string, at func(token.Pos) int, bugs []int) string {
	var out strings.Builder
	done := at(f.Pos())
	var arguments []string
	if f.Type.Params != nil {
		for _, field := range f.Type.Params.List {
			_, variadic := field.Type.(*ast.Ellipsis)
			for _, name := range field.Names {
				argument := name.Name
				if argument == "_" {
					argument = fmt.Sprintf("blank%d", len(arguments))
					out.WriteString(source[done:at(name.Pos())] + argument)
					done = at(name.End())
				}
				if variadic {
					argument += "..."
				}
				arguments = append(arguments, argument)
			}
		}
	}
	out.WriteString(source[done:at(f.Body.Lbrace)] + "{\n\tswitch mutateBug {\n")
	called := f.Name.Name
	if f.Recv != nil && len(f.Recv.List[0].Names) > 0 {
		called = f.Recv.List[0].Names[0].Name + "." + called
	}
	of := ""
	if f.Type.TypeParams != nil {
		var names []string
		for _, field := range f.Type.TypeParams.List {
			for _, name := range field.Names {
				names = append(names, name.Name)
			}
		}
		of = "[" + strings.Join(names, ", ") + "]"
	}
	call := func(bug int) string {
		c := fmt.Sprintf("%s_bug%d%s(%s)", called, bug, of, strings.Join(arguments, ", "))
		if f.Type.Results == nil {
			return c + "\n\t\treturn"
		}
		return "return " + c
	}
	for _, i := range bugs {
		fmt.Fprintf(&out, "\tcase %d:\n\t\t%s\n", i+1, call(i+1))
	}
	fmt.Fprintf(&out, "\t}\n\t%s\n}", call(0))
	return out.String()
}

// place is where in a file the bug's text stands.
func (b *bug) place(source string) (int, error) {
	before, rest, found := strings.Cut(source, b.After)
	if n := strings.Count(rest, b.Old); !found || n == 0 || n > 1 && b.After == "" {
		return 0, fmt.Errorf("%q is %d times behind %q", b.Old, n, b.After)
	}
	return len(before) + len(b.After) + strings.Index(rest, b.Old), nil
}

var (
	compilerSays = regexp.MustCompile(`(?m)^(\S+?\.go):(\d+):\d+: (.*)$`)
	copyOfBug    = regexp.MustCompile(`_bug(\d+)`)
)

// blame marks the bugs as broken whose copies the compiler refused; false if there is none.
func (s *suite) blame(output string, texts map[string]string) (found bool) {
	for _, m := range compilerSays.FindAllStringSubmatch(output, -1) {
		line, _ := strconv.Atoi(m[2])
		for file, text := range texts {
			if strings.ReplaceAll(file, "/", "_") != filepath.Base(m[1]) {
				continue
			}
			lines := strings.Split(text, "\n")
			for line = min(line, len(lines)); line > 0 && !strings.HasPrefix(lines[line-1], "func "); line-- {
			}
			if line == 0 {
				continue
			}
			if c := copyOfBug.FindStringSubmatch(lines[line-1]); c != nil && c[1] != "0" {
				n, _ := strconv.Atoi(c[1])
				s.Bugs[n-1].broken = fmt.Errorf("does not compile: %s", m[3])
				found = true
			}
		}
	}
	return found
}

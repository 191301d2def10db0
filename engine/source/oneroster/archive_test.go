// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// latestScore is a plan that makes every file of a small export be read.
func latestScore() *student.Plan {
	return student.NewPlan(bundle.Model{Name: "test", Attributes: []bundle.Attribute{
		{Name: "latest", Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Latest}}},
	}})
}

// smallExport is an export of two students with one result each.
func smallExport() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"manifest.csv": file("propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,bulk\nfile.results,bulk\n"),
		"users.csv":    file("sourcedId,status,orgSourcedIds,role\nstu-1,,s1,student\nstu-2,,s1,student\n"),
		"results.csv":  file("sourcedId,status,lineItemSourcedId,studentSourcedId,score,scoreDate\nr-1,,l-1,stu-1,70,2026-01-10\nr-2,,l-1,stu-2,80,2026-01-11\n"),
	}
}

func readZip(t testing.TB, zipped []byte, o oneroster.Options) (*student.Population, error) {
	t.Helper()
	return oneroster.ReadZip(context.Background(), bytes.NewReader(zipped), int64(len(zipped)), o)
}

// wantError demands an *Error whose text holds all parts, and no student's id.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	var own *oneroster.Error
	if !errors.As(err, &own) {
		t.Fatalf("got %v (%T), want an *oneroster.Error", err, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "stu-") {
		t.Errorf("error %q names a student", err)
	}
	if own.Mend == "" {
		t.Errorf("error %q does not say how to mend it", err)
	}
}

func TestTruncatedZip(t *testing.T) {
	whole := zipFolder(t, smallExport(), false)
	options := oneroster.Options{Plan: latestScore()}
	for size := range whole {
		if _, err := readZip(t, whole[:size], options); err == nil {
			t.Fatalf("a zip cut off after %d of %d bytes was read", size, len(whole))
		}
	}
	_, err := readZip(t, whole[:len(whole)/2], options)
	wantError(t, err, "not a complete zip", "transfer or export it again")
}

// TestDamagedZip changes one digit of a score within a zip: what was read until
// the checksum showed it must not be used.
func TestDamagedZip(t *testing.T) {
	whole := zipWith(t, func(h *zip.FileHeader) { h.Method = zip.Store }, smallExport())
	at := bytes.Index(whole, []byte(",70,"))
	whole[at+1] = '9'
	_, err := readZip(t, whole, oneroster.Options{Plan: latestScore()})
	wantError(t, err, "results.csv", "damaged within the zip")
}

// zipWith makes a zip whose headers are changed first.
func zipWith(t *testing.T, change func(*zip.FileHeader), files fstest.MapFS) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, file := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		change(h)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(file.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestZipNames(t *testing.T) {
	for _, name := range []string{"../users.csv", "/users.csv", `..\users.csv`, "a/../../users.csv"} {
		zipped := zipWith(t, func(h *zip.FileHeader) {
			if h.Name == "users.csv" {
				h.Name = name
			}
		}, smallExport())
		_, err := readZip(t, zipped, oneroster.Options{})
		wantError(t, err, "leads outside")
	}
}

func TestZipOtherEntriesAreIgnored(t *testing.T) {
	files := smallExport()
	for _, name := range []string{"README.txt", "__MACOSX/._users.csv", "deep/er/users.csv", "notes.csv", ".DS_Store"} {
		files[name] = &fstest.MapFile{Data: []byte("not, a roster")}
	}
	p, err := readZip(t, zipFolder(t, files, false), oneroster.Options{Plan: latestScore()})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := readZip(t, zipFolder(t, smallExport(), true), oneroster.Options{Plan: latestScore()})
	if err != nil {
		t.Fatal(err)
	}
	if p.Source != plain.Source || p.Len() != 2 {
		t.Errorf("other entries changed what was read: %v, %d students; want %v", p.Source, p.Len(), plain.Source)
	}
}

func TestEncryptedZip(t *testing.T) {
	zipped := zipWith(t, func(*zip.FileHeader) {}, smallExport())
	// The flag lies 8 bytes into the central directory's record of each file.
	for at := 0; ; {
		next := bytes.Index(zipped[at:], []byte("PK\x01\x02"))
		if next < 0 {
			break
		}
		at += next + 4
		zipped[at+4] |= 1
	}
	_, err := readZip(t, zipped, oneroster.Options{})
	wantError(t, err, "is encrypted", "without a password")
}

func TestZipEntryTwice(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for range 2 {
		w, err := z.Create("users.csv")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "sourcedId\n")
	}
	z.Close()
	_, err := readZip(t, out.Bytes(), oneroster.Options{})
	wantError(t, err, "users.csv", "twice")
}

// bomb adds a file to a zip that begins with a header and expands to size
// bytes of one repeated text. The text is compressed once and the compressed
// block repeated, which deflate allows: so that the test takes no time. The
// directory claims the size, or what claims says if it is not 0.
func bomb(t *testing.T, z *zip.Writer, name, header, text string, size int64, claims uint64) {
	t.Helper()
	deflated := func(text string) []byte {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
		w.Flush()
		return out.Bytes()
	}
	unit := strings.Repeat(text, 1<<20/len(text))
	block := deflated(unit)
	times := size / int64(len(unit))
	content := append(deflated(header), bytes.Repeat(block, int(times))...)
	if claims == 0 {
		claims = uint64(len(header)) + uint64(times)*uint64(len(unit))
	}
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate,
		CompressedSize64: uint64(len(content)), UncompressedSize64: claims,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(content)
}

// TestBombs reads zips that expand to 2 GiB: each must be refused early and
// without much memory.
func TestBombs(t *testing.T) {
	const size = 2 << 30
	header := "sourcedId,status,lineItemSourcedId,studentSourcedId,score,scoreDate\n"
	for _, c := range []struct {
		name, file, header, text string
		claims                   uint64
		want                     string
	}{
		{"zeros", "results.csv", "", "\x00", 0, "expands more than 200 times"},
		{"short rows", "results.csv", header, "a\n", 0, "expands more than 200 times"},
		{"a file that nobody needs", "resources.csv", "", "\x00", 0, "expands more than 200 times"},
		{"zeros that claim to be few", "results.csv", "", "\x00", 1000, "results.csv"},
		{"short rows that claim to be few", "results.csv", header, "a\n", 1000, "damaged within the zip"},
		{"a file that claims to be small", "resources.csv", "", "\x00", 1000, "damaged within the zip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			z := zip.NewWriter(&out)
			for name, file := range smallExport() {
				if name == c.file {
					continue
				}
				w, err := z.Create(name)
				if err != nil {
					t.Fatal(err)
				}
				w.Write(file.Data)
			}
			bomb(t, z, c.file, c.header, c.text, size, c.claims)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readZip(t, out.Bytes(), oneroster.Options{Plan: latestScore()})
			runtime.ReadMemStats(&after)
			wantError(t, err, c.want)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > size/8 {
				t.Errorf("allocated %d bytes before refusing", allocated)
			}
		})
	}
}

// endless is a folder whose results.csv is far longer than the limits allow, and
// compressed by nothing.
type endless struct {
	fstest.MapFS
	header, text string
}

func (e endless) Open(name string) (fs.File, error) {
	f, err := e.MapFS.Open(name)
	if name != "results.csv" || err != nil {
		return f, err
	}
	return &endlessFile{File: f, text: strings.NewReader(e.header), unit: strings.Repeat(e.text, 64<<10)}, nil
}

type endlessFile struct {
	fs.File
	text *strings.Reader
	unit string
}

func (f *endlessFile) Read(p []byte) (int, error) {
	if f.text.Len() == 0 {
		f.text.Reset(f.unit)
	}
	return f.text.Read(p)
}

// TestEndlessRecords reads files whose record never ends: each must be refused
// after little more than the longest record allowed.
func TestEndlessRecords(t *testing.T) {
	header := "sourcedId,status,lineItemSourcedId,studentSourcedId,score,scoreDate\n"
	for _, c := range []struct{ name, header, text string }{
		{"zeros", "", "\x00"},
		{"zeros after the header", header, "\x00"},
		{"line ends", header, "\n"},
		{"a quote never closed", header + `"`, "x\n"},
		{"doubled quotes", header + `"`, `""`},
		{"commas", header, ","},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := oneroster.ReadFS(context.Background(), endless{smallExport(), c.header, c.text}, oneroster.Options{Plan: latestScore()})
			runtime.ReadMemStats(&after)
			wantError(t, err, "results.csv", "a record is longer than 1 MiB")
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 256<<20 {
				t.Errorf("allocated %d bytes before refusing", allocated)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	many := smallExport()
	many["users.csv"].Data = append([]byte(strings.Repeat("m,", 2000)), many["users.csv"].Data...)
	for _, c := range []struct {
		name   string
		files  fstest.MapFS
		limits oneroster.Limits
		want   string
	}{
		{"total", smallExport(), oneroster.Limits{Total: 200}, "the export holds more than 200 bytes"},
		{"file", smallExport(), oneroster.Limits{File: 120}, "holds more than 120 bytes"},
		{"columns", many, oneroster.Limits{}, "more than 1024 columns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := oneroster.ReadFS(context.Background(), c.files, oneroster.Options{Plan: latestScore(), Limits: c.limits})
			wantError(t, err, c.want)
		})
	}
}

// TestProblemsAreBounded damages every row of a file: the first thousand are
// kept, all are counted.
func TestProblemsAreBounded(t *testing.T) {
	files := smallExport()
	var b strings.Builder
	b.WriteString("sourcedId,status,lineItemSourcedId,studentSourcedId,score,scoreDate\n")
	for range 5000 {
		b.WriteString("r-1,,l-1,stu-unknown,70,2026-01-10\n")
	}
	files["results.csv"].Data = []byte(b.String())
	p, err := oneroster.ReadFS(context.Background(), files, oneroster.Options{Plan: latestScore()})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Problems) != 1000 {
		t.Errorf("kept %d problems, want 1000", len(p.Problems))
	}
	want := []student.ProblemCount{{File: "results.csv", Column: "studentSourcedId", Fault: "names nobody in users.csv", Mend: "export the user too, or leave the row out", Count: 5000}}
	if diff := cmp.Diff(want, p.ProblemCounts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestReadFromDisk(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, smallExport()); err != nil {
		t.Fatal(err)
	}
	zipFile := filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(zipFile, zipFolder(t, smallExport(), true), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, zipFile} {
		p, err := oneroster.Read(context.Background(), path, oneroster.Options{Plan: latestScore()})
		if err != nil {
			t.Fatal(err)
		}
		digest, err := oneroster.Digest(path)
		if err != nil || digest != p.Source.Digest {
			t.Errorf("Digest gives %q, %v; Read gave %q", digest, err, p.Source.Digest)
		}
		if !strings.HasPrefix(digest, "sha256-") || len(digest) != len("sha256-")+64 {
			t.Errorf("digest %q is not sha256- and 64 hexadecimal digits", digest)
		}
	}
	_, err := oneroster.Read(context.Background(), filepath.Join(folder, "stu-1", "gone.zip"), oneroster.Options{})
	wantError(t, err, "cannot be opened")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	_, err = oneroster.Read(context.Background(), os.DevNull, oneroster.Options{}) // a pipe would not even open
	wantError(t, err, "neither a file nor a folder")
}

// TestDigestSeesEveryFile changes each file in turn, read or not.
func TestDigestSeesEveryFile(t *testing.T) {
	files := smallExport()
	files["resources.csv"] = &fstest.MapFile{Data: []byte("sourcedId\n")}
	digest := func() string {
		p, err := oneroster.ReadFS(context.Background(), files, oneroster.Options{Plan: latestScore()})
		if err != nil {
			t.Fatal(err)
		}
		return p.Source.Digest
	}
	seen := map[string]bool{digest(): true}
	for name, file := range files {
		file.Data = append(file.Data, '\n')
		if d := digest(); seen[d] {
			t.Errorf("a change of %s does not change the digest", name)
		} else {
			seen[d] = true
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := oneroster.ReadFS(ctx, smallExport(), oneroster.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestProgress(t *testing.T) {
	var total int64
	files := smallExport()
	for _, f := range files {
		total += int64(len(f.Data))
	}
	var last [2]int64
	_, err := oneroster.ReadFS(context.Background(), files, oneroster.Options{Progress: func(done, of int64) {
		if done < last[0] {
			t.Errorf("progress went back from %d to %d", last[0], done)
		}
		last = [2]int64{done, of}
	}})
	if err != nil || last != [2]int64{total, total} {
		t.Errorf("last progress was %v, %v; want both %d", last, err, total)
	}
}

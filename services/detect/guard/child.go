package guard

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

const (
	endOfWork = "." // is no name of a file
	exitCPU   = 3
)

// Child compiles what the process that started this one writes to in, each
// policy by itself, and says on out which one it begins with. It returns the
// status to exit with; the limits may end the process before.
func Child(in io.Reader, out, errs io.Writer) int {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		_, _ = fmt.Fprintln(errs, "guard: this program is started by detect alone:", err)
		return 2
	}
	endOnLimit()
	if err := limitMemory(j.Memory); err != nil {
		_, _ = fmt.Fprintln(errs, "guard: limit of memory:", err)
		return 2
	}
	for _, name := range append(j.Todo, endOfWork) {
		if err := limitCPU(j.CPU); err != nil {
			_, _ = fmt.Fprintln(errs, "guard: limit of the processor:", err)
			return 2
		}
		if _, err := fmt.Fprintln(out, name); err != nil {
			return 2 // nobody is there any more
		}
		if name != endOfWork {
			compile(j.Files, name)
		}
	}
	return 0
}

// compile compiles one file with all that it may read. Whether that succeeds
// is no matter here.
func compile(files map[string]string, name string) {
	fsys, err := with(files, name)
	if err != nil {
		return
	}
	_, _ = engine.Load(context.Background(), fsys, engine.LoadOptions{KeepGoing: true})
}

// with is a folder of the policy name, of shared modules and of facts.
func with(files map[string]string, name string) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	policies := compiled(files)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if file != name && !isLib(file) && slices.Contains(policies, file) {
			continue
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, files[file]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

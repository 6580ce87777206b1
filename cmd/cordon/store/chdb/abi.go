package chdb

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// abi holds the functions of libchdb that are used, by their C names.
type abi struct {
	setSignalHandlersEnabled func(enabled int32)
	version                  func() string
	connect                  func(argc int32, argv **byte) *unsafe.Pointer
	closeConn                func(conn *unsafe.Pointer)
	shutdown                 func() int32

	queryWithParams  func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) unsafe.Pointer
	streamWithParams func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) unsafe.Pointer
	insertWithParams func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) unsafe.Pointer
	streamFetch      func(conn, stream unsafe.Pointer) unsafe.Pointer
	streamCancel     func(conn, stream unsafe.Pointer)

	insertAppend  func(stream unsafe.Pointer, data *byte, n uintptr) int32
	insertDone    func(stream unsafe.Pointer) unsafe.Pointer
	insertCancel  func(stream unsafe.Pointer)
	insertError   func(stream unsafe.Pointer) string
	insertDestroy func(stream unsafe.Pointer)

	resultBuffer  func(result unsafe.Pointer) *byte
	resultLength  func(result unsafe.Pointer) uintptr
	resultError   func(result unsafe.Pointer) string
	rowsRead      func(result unsafe.Pointer) uint64
	bytesRead     func(result unsafe.Pointer) uint64
	storageRows   func(result unsafe.Pointer) uint64
	storageBytes  func(result unsafe.Pointer) uint64
	rowsWritten   func(result unsafe.Pointer) uint64
	bytesWritten  func(result unsafe.Pointer) uint64
	resultDestroy func(result unsafe.Pointer)

	classify func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, db *byte, dbLen uintptr, out *analysis) int32
}

// analysis is chdb_query_analysis_v1.
type analysis struct {
	structSize, statements, _, class uint32 // _: flags
}

func (a *abi) symbols() map[string]any {
	return map[string]any{
		"chdb_set_signal_handlers_enabled": &a.setSignalHandlersEnabled,
		"chdb_version":                     &a.version,
		"chdb_connect":                     &a.connect,
		"chdb_close_conn":                  &a.closeConn,
		"chdb_shutdown":                    &a.shutdown,
		"chdb_query_with_params_n":         &a.queryWithParams,
		"chdb_stream_query_with_params_n":  &a.streamWithParams,
		"chdb_stream_insert_with_params_n": &a.insertWithParams,
		"chdb_stream_fetch_result":         &a.streamFetch,
		"chdb_stream_cancel_query":         &a.streamCancel,
		"chdb_stream_append":               &a.insertAppend,
		"chdb_stream_done":                 &a.insertDone,
		"chdb_stream_cancel_insert":        &a.insertCancel,
		"chdb_stream_insert_error":         &a.insertError,
		"chdb_destroy_insert_stream":       &a.insertDestroy,
		"chdb_result_buffer":               &a.resultBuffer,
		"chdb_result_length":               &a.resultLength,
		"chdb_result_error":                &a.resultError,
		"chdb_result_rows_read":            &a.rowsRead,
		"chdb_result_bytes_read":           &a.bytesRead,
		"chdb_result_storage_rows_read":    &a.storageRows,
		"chdb_result_storage_bytes_read":   &a.storageBytes,
		"chdb_result_rows_written":         &a.rowsWritten,
		"chdb_result_bytes_written":        &a.bytesWritten,
		"chdb_destroy_query_result":        &a.resultDestroy,
		"chdb_classify_query_n":            &a.classify,
	}
}

// load opens the library and binds its functions. A loaded library stays
// loaded: its threads cannot be unmapped.
func load(path string) (*abi, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("engine library %s: %w", path, err)
	}
	a := new(abi)
	for name, fn := range a.symbols() {
		sym, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("engine library %s has no %s, want version %s: %w", path, name, Version, err)
		}
		purego.RegisterFunc(fn, sym)
	}
	return a, nil
}

package gate

import (
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
)

// Allowed returns an error if the role may not send the setting. The lists
// name what is known to be harmless: format_schema and the template formats
// read files, output_format_schema writes one.
func (r Role) Allowed(name string) error {
	if r == Admin || listed(r, name) {
		return nil
	}
	return chdb.Errorf(codeReadonly, "READONLY", "Setting %s is not among those that user %s may send", name, r)
}

func listed(r Role, name string) bool {
	if strings.Contains(name, "schema") || strings.Contains(name, "template") || strings.Contains(name, "interpret_expressions") {
		return false
	}
	for _, prefix := range allowed(r) {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// allowed returns prefixes of the names of settings.
func allowed(r Role) []string {
	if r == Writer {
		return []string{
			"async_insert", "wait_for_async_insert", "insert_deduplic", "deduplicate_", "optimize_on_insert", "max_execution_time",
			"max_insert_", "min_insert_", "max_block_size", "max_threads", "max_memory_usage", "max_partitions_per_insert_block",
			"input_format_", "date_time_", "format_csv_", "flatten_nested", "low_cardinality_", "parallel_view_processing",
			"output_format_native_", "enable_time_", "allow_experimental_", "session_timezone",
		}
	}
	return []string{
		"max_execution_time", "max_memory_usage", "max_result_", "max_rows_to_", "max_bytes_to_", "max_bytes_before_", "max_threads",
		"max_block_size", "max_query_size", "max_ast_", "max_subquery_depth", "max_columns_to_read", "max_final_threads",
		"result_overflow_mode", "read_overflow_mode", "timeout_overflow_mode", "sort_overflow_mode", "distinct_overflow_mode",
		"output_format_", "date_time_", "format_csv_", "join_", "optimize_", "extremes", "final", "limit", "offset",
		"group_by_", "aggregate_functions_", "use_uncompressed_cache", "low_cardinality_", "session_timezone", "prefer_",
		"enable_optimize_", "query_plan_", "allow_experimental_", "enable_time_", "count_distinct_implementation", "transform_null_in",
		"empty_result_", "input_format_native_",
	}
}

// capped returns the client's value for a limit if it is lower than ours. Zero
// means no limit to the engine, so it is not lower.
func capped(client []Setting, name string, limit float64) string {
	for _, s := range client {
		if s.Name != name {
			continue
		}
		if v, err := strconv.ParseFloat(s.Value, 64); err == nil && v > 0 && v < limit {
			return s.Value
		}
	}
	return strconv.FormatFloat(limit, 'f', -1, 64)
}

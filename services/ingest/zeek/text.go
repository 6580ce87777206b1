package zeek

import "strings"

// commas joins a list for those attributes that hold one text.
func commas(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list, ",")
}

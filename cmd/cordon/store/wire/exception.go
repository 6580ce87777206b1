package wire

import "fmt"

// TagHeader announces the tag by which a client tells an error in mid-stream
// from data that looks like one.
const TagHeader = "X-ClickHouse-Exception-Tag"

// maxMessage keeps the whole block within the 16 KiB that clients look at.
const maxMessage = 15 << 10

// Exception returns an error block for a response whose status has been sent.
// It goes out uncompressed also behind compressed frames, which is where
// drivers look for it.
func Exception(tag, message string) []byte {
	if len(message) > maxMessage {
		message = message[:maxMessage]
	}
	return fmt.Appendf(nil, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", tag, message, len(message)+1, tag)
}

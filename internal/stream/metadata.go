package stream

// CheckMetadata returns why text cannot be what Run or Drain have written
// beside a committed offset, or nil. With any other text they refuse to start.
func CheckMetadata(text string) error {
	if _, _, err := parseIntent(text); err == nil {
		return nil
	}
	_, err := decodeMarks(text)
	return err
}

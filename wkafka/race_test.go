//go:build race

package wkafka_test

// raceDetector says whether this binary looks for data races.
const raceDetector = true

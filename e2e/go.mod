module github.com/cordon-iot/cordon/e2e

go 1.26.0

require github.com/cordon-iot/cordon v0.0.0

replace github.com/cordon-iot/cordon => ..

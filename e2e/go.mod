module github.com/cordon-iot/cordon/e2e

go 1.26.0

require (
	github.com/cordon-iot/cordon v0.0.0
	github.com/cordon-iot/cordon/cmd/cordon v0.0.0
	github.com/cordon-iot/cordon/services/detect v0.0.0
	github.com/cordon-iot/cordon/services/ingest v0.0.0
	github.com/cordon-iot/cordon/services/respond v0.0.0
)

require (
	github.com/ClickHouse/ch-go v0.74.0 // indirect
	github.com/ClickHouse/clickhouse-go/v2 v2.50.0 // indirect
	github.com/andybalholm/brotli v1.2.6 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/compose-spec/compose-go/v2 v2.16.2 // indirect
	github.com/go-faster/city v1.0.1 // indirect
	github.com/go-faster/errors v0.7.1 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/paulmach/orb v0.13.0 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/segmentio/kafka-go v0.4.51 // indirect
	github.com/shopspring/decimal v1.5.0 // indirect
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/cordon-iot/cordon => ..
	github.com/cordon-iot/cordon/cmd/cordon => ../cmd/cordon
	github.com/cordon-iot/cordon/services/detect => ../services/detect
	github.com/cordon-iot/cordon/services/ingest => ../services/ingest
	github.com/cordon-iot/cordon/services/respond => ../services/respond
)

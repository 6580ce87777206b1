#!/usr/bin/env bash
# Runs a command with an Apache Kafka of its own: CORDON_TEST_KAFKA holds its
# address. The jars come from .cache/kafka/libs (make kafka) or, without it,
# from Maven.
set -euo pipefail
cd "$(dirname "$0")/../.."
libs=.cache/kafka/libs
if [ -e "$libs/.done" ]; then
  set -- -libs "$libs" -- "$@"
else
  set -- -- "$@"
fi
exec go run ./internal/kafkatest/apache "$@"

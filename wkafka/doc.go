// Package wkafka is a watermill Publisher and Subscriber for Kafka on top of
// segmentio/kafka-go, and the partition-level consumer and producer under it.
//
// It uses kafka-go's Client and Transport, never its ConsumerGroup (which takes
// all partitions from all members whenever one comes or goes), its Reader
// (which commits for partitions it has lost and returns aborted records) nor
// its Writer (which cannot tell a retry from a new record). Fetch responses are
// decoded in place: the keys and values of Records alias the bytes that came
// from the socket. Batches are written by an idempotent producer, so that a
// retry after a lost answer does not append twice.
//
// There are three levels:
//
//   - PartitionReader and Publisher.Append: one partition, no group.
//   - Consume: a consumer group; a function runs for every Claim, that is for
//     every partition that this member holds, and commits offsets with
//     metadata, fenced by member and generation.
//   - NewSubscriber and NewPublisher: watermill's interfaces, one message per
//     record or one message per fetched batch. Deliveries have deadlines; a
//     record that nobody can handle goes to the dead letters.
//
// README.md has the guarantees, the settings and the limits.
package wkafka

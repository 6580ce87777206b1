// Package wire is a forwarder in front of a Kafka broker that reads the framing
// of requests and answers. Each request of each client, and each answer, is a
// point at which somebody may hold it, drop it, delay it past the end of its
// connection, or do something to the client meanwhile.
package wire

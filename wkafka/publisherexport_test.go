package wkafka

// Waiting is how many calls wait for the lanes of topic.
func (p *Publisher) Waiting(topic string) int {
	t := p.known(topic)
	if t == nil {
		return 0
	}
	n := 0
	for _, l := range t.lanes {
		l.mu.Lock()
		n += len(l.queue)
		l.mu.Unlock()
	}
	return n
}

// Idle makes the lanes of all topics as if nothing had been appended for long.
func (p *Publisher) Idle() {
	for range idleLong {
		p.tick()
	}
}

package engine

// native is what is known of rule i of r without OPA.
func (e *Engine) native(r *run, i int) truth { return e.truth(r, i) }

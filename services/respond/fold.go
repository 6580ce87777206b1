package respond

import "github.com/cordon-iot/cordon"

// State is what the log says about the actions of one partition. It is a fold
// of the actions topic and holds nothing else but what was decided here and is
// not read back yet. It is not safe for concurrent use.
type State struct {
	last map[cordon.ActionID]cordon.ActionState // winning step of every action, closed ones too: a finding acts once
	open map[cordon.DeviceID]cordon.Action      // the one action that holds a device, at its winning step

	decided map[cordon.ActionID]bool            // appended or about to be, not read back
	claimed map[cordon.DeviceID]cordon.ActionID // devices that decided quarantines are going to hold
}

// NewState returns the state of an empty log.
func NewState() *State {
	return &State{
		last:    make(map[cordon.ActionID]cordon.ActionState),
		open:    make(map[cordon.DeviceID]cordon.Action),
		decided: make(map[cordon.ActionID]bool),
		claimed: make(map[cordon.DeviceID]cordon.ActionID),
	}
}

// Known reports whether id was decided before, here or in the log.
func (s *State) Known(id cordon.ActionID) bool {
	_, inLog := s.last[id]
	return inLog || s.decided[id]
}

// Own reports whether a was decided here and is not read back yet.
func (s *State) Own(a cordon.Action) bool { return s.decided[a.ID] }

// Held reports whether an action holds device or is about to.
func (s *State) Held(device cordon.DeviceID) bool {
	_, open := s.open[device]
	_, claimed := s.claimed[device]
	return open || claimed
}

// Open returns the actions that hold a device, in no order.
func (s *State) Open() []cordon.Action {
	all := make([]cordon.Action, 0, len(s.open))
	for _, a := range s.open {
		all = append(all, a)
	}
	return all
}

// Expect notes that a was decided and is on its way to the log, until Fold
// sees it. Without it two findings of one batch could both hold a device.
func (s *State) Expect(a cordon.Action) {
	s.decided[a.ID] = true
	if a.State == cordon.ApplyIntended {
		s.claimed[a.Device] = a.ID
	}
}

// Fold takes the next step from the log and reports whether it counts. Steps
// that are repeated, illegal or lost a race change nothing: the first one in
// log order wins, for every reader of the log alike.
func (s *State) Fold(a cordon.Action) bool {
	delete(s.decided, a.ID)
	if s.claimed[a.Device] == a.ID {
		delete(s.claimed, a.Device)
	}
	if !s.legal(a) {
		return false
	}
	s.last[a.ID] = a.State
	switch {
	case !closes(a.State):
		s.open[a.Device] = a
	case s.open[a.Device].ID == a.ID:
		delete(s.open, a.Device)
	}
	return true
}

func (s *State) legal(a cordon.Action) bool {
	holder, held := s.open[a.Device]
	if held && holder.ID == a.ID {
		return follows(holder.State, a.State)
	}
	return follows(s.last[a.ID], a.State) && (!held || closes(a.State))
}

// follows reports whether to is a legal next step after from, "" being none.
func follows(from, to cordon.ActionState) bool {
	switch from {
	case "": // a finding too old to act upon starts with its end
		return to == cordon.ApplyIntended || to == cordon.ApplyFailed
	case cordon.ApplyFailed: // an owner gave up while another one's attempt landed: it must be undone
		return to == cordon.Applied
	case cordon.ApplyIntended:
		return to == cordon.Applied || to == cordon.ApplyFailed || to == cordon.ReleaseIntended
	case cordon.Applied:
		return to == cordon.ReleaseIntended
	case cordon.ReleaseIntended:
		return to == cordon.Released
	}
	return false
}

func closes(st cordon.ActionState) bool {
	return st == cordon.ApplyFailed || st == cordon.Released
}

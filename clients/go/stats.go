package sessionlog

import "time"

// Stats counts rows since the logger was made, each in one place: the sum of all but Retried is the number of records
// given to Append and AppendSync, without those of an AppendSync in progress or failed with a gRPC status, which may be
// stored or not.
type Stats struct {
	Appended  uint64 // on the service's disk
	Duplicate uint64 // stored before, by an earlier attempt
	Refused   uint64 // refused by the session log; logged, or returned by AppendSync
	Dropped   uint64 // lost: the buffer was full, the logger closed or misconfigured (AppendSync's ErrClosed), or Close ended too early
	Spilled   uint64 // in the spill file
	Pending   uint64 // in the buffer or in progress
	Retried   uint64 // rows sent again, each time counted

	OldestAge time.Duration // of the first row of Pending: what to alert on; 0 when there is none
	LastError string        // why a call failed or a record was refused or dropped, the last time; empty when none was
}

func (s *Stats) add(other Stats) {
	s.Appended += other.Appended
	s.Duplicate += other.Duplicate
	s.Refused += other.Refused
	s.Dropped += other.Dropped
	s.Spilled += other.Spilled
	s.Retried += other.Retried
}

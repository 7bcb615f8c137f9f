package sessionlog

// Stats counts rows since the logger was made, each in one place: the sum of all but Retried is the number of records
// given to Append and AppendSync, without those of an AppendSync under way or failed with a gRPC status, which may be
// stored or not.
type Stats struct {
	Appended  uint64 // on the service's disk
	Duplicate uint64 // there already: an earlier try had arrived
	Refused   uint64 // not what the session log takes; told to the log, or by AppendSync
	Dropped   uint64 // given up: the buffer was full, the logger closed or misconfigured (AppendSync's ErrClosed), or Close ended too early
	Spilled   uint64 // in the spill file
	Pending   uint64 // in the buffer or under way
	Retried   uint64 // rows sent again, once for each time
}

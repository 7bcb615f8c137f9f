// Package sessionlog sends a daemon's LLM sessions to the sessionlog service, without the daemon noticing: Append takes a
// snapshot of the record and returns at once; rows travel in batches in the background and survive an outage of the
// service in a bounded buffer.
//
//	log := sessionlog.NewSessionLogger(config.SessionLogAddress, sessionlog.Options{})
//	defer log.Close(context.Background())
//	…
//	log.Append(sessionlog.BuildSessionRecord(request, response, failure, err, rosterCheck, elapsed.Milliseconds()))
//
// With an empty address the logger is off, and every method of it, as of a nil one, does nothing.
//
// What is in the buffer dies with the process when that is killed; a daemon that cannot have that calls AppendSync, which
// waits for the row to be on disk.
package sessionlog

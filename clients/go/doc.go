// Package sessionlog sends a daemon's LLM sessions to the sessionlog service, in the background: Append takes a
// snapshot of the record and returns at once; rows travel in batches in the background and survive an outage of the
// service in a bounded buffer.
//
//	log := sessionlog.FromEnv(sessionlog.Options{})
//	defer log.Close(context.Background())
//	…
//	s := log.Session(ctx, sessionlog.Request{Kind: "fill", Prompt: prompt, MaxIterations: 3})
//	defer s.End(&err)
//	… s.NoJSON(err), s.ValidationFailed(err), s.Accept(artifact)
//
// With an empty address the logger is off, and every method of it, as of a nil one, does nothing.
//
// Rows in the buffer are lost when the process is killed; a daemon that must not lose any calls AppendSync, which waits
// for the row to be on disk.
package sessionlog

// Version of this client, also in its user agent.
const Version = "0.1.0"

export const importHelp = `
Rows are taken as older loggers wrote them, and stored as the service writes them: keys in its order, the artifact's keys
sorted, timestamps in UTC, needless escapes undone, null attempts as []. An empty session_id becomes the first 32 hex digits
of the SHA-256 of the line without its ending: the same line gets the same id every time. An empty daemon becomes that of
--daemon ([record] default_daemon). A row without timestamp is refused, since one made up would differ each time; so is a row
with an unknown key. Blank lines are passed over.

The session log is read whole before the first row is stored, and no row is stored that is there already, nor twice from the
files. What retention has removed is not there. Rotation, compression and retention are those of the configuration; what is
left to compress at the end, the service's next start compresses.

A service that is running keeps the session log to itself: import then ends at once and names the lock file.

The first 20 refused rows are named on standard error as FILE:LINE: with what is wrong. --rejects gets all of them, one
JSON object a line, "row" being the row's exact text (and "file" its file when several were given):

    {"line":17,"violations":[{"field":"record.kind","description":"...","reason":"NOT_ALLOWED"}],"row":"{...}"}

To get the rows back: jq -r .row rejects.jsonl. Of a line that is not UTF-8, row is null and row_base64 has the bytes; of one
over 16 MiB, row is null.

With a full disk it waits until --timeout has passed. Then, and after SIGINT or SIGTERM, the batch under way is finished, the
summary printed, and on standard error the line to resume from; to run it again from the beginning is as good, but slower.

Exit status:
  0  every row is in the session log
  1  rows were refused, a file cannot be read, the session log is in use or cannot be written, or a signal came
  2  wrong usage or configuration

Examples:
  sessionlog import --daemon validatord old/2026-*.jsonl
  sessionlog import --path /var/lib/sessionlog/sessions.jsonl --rejects refused.jsonl old.jsonl.gz
  ssh host cat /var/log/sessions.jsonl | sessionlog import -`;

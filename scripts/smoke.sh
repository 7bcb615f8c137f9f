#!/usr/bin/env bash
# Seven checks of the built service from outside. Uses grpcurl and grpc-health-probe where they are, the project's own
# client otherwise. Prints `7/7 PASS` and exits 0, or names what failed and exits 1.
# With --packed it checks what `npm pack` makes, installed into an empty directory.
set -uo pipefail
cd "$(dirname "$0")/.."
ROOT=$PWD
PATH="${SESSIONLOG_TOOLS:-$ROOT/.tools/bin}:$ROOT/.tools/bin:$PATH"
# No configuration of the caller's is to change what is tested; the server runs in a directory of its own.
unset "${!SESSIONLOG_@}"

WORK=$(mktemp -d)
LOG=$WORK/sessions.jsonl
SERVER=
PASSED=0
FAILED=()

clean_up() {
  if [ -n "$SERVER" ]; then kill -KILL "$SERVER" 2>/dev/null; fi
  rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

check() { # NAME EXIT_CODE EVIDENCE
  if [ "$2" -eq 0 ]; then
    PASSED=$((PASSED + 1))
    echo "ok   $1"
  else
    FAILED+=("$1")
    echo "FAIL $1"
    printf '%s\n' "$3" | sed 's/^/     /'
  fi
}

# Sets SERVER, READY (the ready line) and ADDRESS; waits 20 s at most.
start_server() {
  READY='' ADDRESS=''
  (cd "$WORK" && exec "${SESSIONLOG[@]}" serve --listen 127.0.0.1:0 --path "$LOG") 2>"$WORK/log" </dev/null &
  SERVER=$!
  for _ in $(seq 200); do
    READY=$(grep '"msg":"serving"' "$WORK/log") && break
    kill -0 "$SERVER" 2>/dev/null || break
    sleep 0.1
  done
  ADDRESS=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' <<<"$READY")
}

# Sets STOPPED to the exit code of the server after SIGTERM, 137 when it had to be killed after 15 s.
stop_server() {
  kill -TERM "$SERVER" 2>/dev/null
  for _ in $(seq 150); do
    kill -0 "$SERVER" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$SERVER" 2>/dev/null
  wait "$SERVER"
  STOPPED=$?
  SERVER=
}

health() {
  if [ "$HEALTH_CLIENT" = grpc-health-probe ]; then grpc-health-probe -addr "$ADDRESS" -service sessionlog.v1.SessionLog
  else node scripts/smoke-client.mjs health "$ADDRESS"; fi
}
list() {
  if [ "$CLIENT" = grpcurl ]; then grpcurl -plaintext -max-time 5 "$ADDRESS" list
  else node scripts/smoke-client.mjs list "$ADDRESS"; fi
}
append() { # RECORD_JSON
  if [ "$CLIENT" = grpcurl ]; then
    grpcurl -plaintext -max-time 5 -emit-defaults -d "{\"record\":$1}" "$ADDRESS" sessionlog.v1.SessionLog/AppendSession
  else node scripts/smoke-client.mjs append "$ADDRESS" "$1"; fi
}
record() { # SESSION_ID KIND
  printf '{"session_id":"%s","timestamp":"2026-05-02T05:22:09.5Z","daemon":"smoke","kind":"%s","prompt":"Fill \\"Dock 3\\"\\nnow","final_verdict":"infra_error"}' "$1" "$2"
}

if command -v grpcurl >/dev/null; then CLIENT=grpcurl; else CLIENT="own client"; fi
if command -v grpc-health-probe >/dev/null; then HEALTH_CLIENT=grpc-health-probe; else HEALTH_CLIENT="own client"; fi
echo "smoke: $CLIENT for calls, $HEALTH_CLIENT for health"

SESSIONLOG=(node "$ROOT/dist/main.js")
npm run --silent build || exit 1
if [ "${1:-}" = --packed ]; then
  PACKED=$(npm pack --silent --ignore-scripts --workspaces --include-workspace-root --pack-destination "$WORK") || exit 1
  (cd "$WORK" && npm install --silent --no-save --prefix "$WORK/installed" $(sed 's#^#./#' <<<"$PACKED")) || exit 1
  SESSIONLOG=("$WORK/installed/node_modules/.bin/sessionlog")
  echo "smoke: "$PACKED", installed"
fi

start_server
[ -n "$READY" ] && grep -qF "\"path\":\"$LOG\"" <<<"$READY"
check "1 the ready line announces the session log's path" $? "$(cat "$WORK/log")"

OUT=$(health 2>&1) && grep -qw SERVING <<<"$OUT"
check "2 health is SERVING" $? "$OUT"

OUT=$(list 2>&1) && grep -qx sessionlog.v1.SessionLog <<<"$OUT"
check "3 reflection lists the service" $? "$OUT"

OUT=$(append "$(record smoke-1 fill)" 2>&1) && grep -qE '"sequence": ?"?1"?\b' <<<"$OUT" &&
  [ "$(grep -c '"session_id":"smoke-1"' "$LOG")" = 1 ]
check "4 an append is accepted and its row is in the file" $? "$OUT"

OUT=$(append "$(record smoke-2 poem)" 2>&1)
[ $? -ne 0 ] && grep -qF record.kind <<<"$OUT" && ! grep -q smoke-2 "$LOG"
check "5 a bad record is refused with its field named" $? "$OUT"

stop_server
start_server
OUT=$(append "$(record smoke-3 email)" 2>&1) && [ "$STOPPED" = 0 ] && grep -qE '"sequence": ?"?2"?\b' <<<"$OUT" &&
  [ "$(sed -n 's/.*"session_id":"\([^"]*\)".*/\1/p' "$LOG" | paste -sd' ')" = "smoke-1 smoke-3" ]
check "6 after SIGTERM and a restart the row is there and the sequence goes on" $? "exit $STOPPED; $OUT; $(cat "$WORK/log")"
stop_server

OUT=$("${SESSIONLOG[@]}" report --html "$WORK/report.html" --path "$LOG" 2>&1) && grep -qF smoke-3 "$WORK/report.html" &&
  ! grep -q '<script' "$WORK/report.html"
check "7 a report of the session log is made" $? "$OUT"

echo "$PASSED/7 $([ "$PASSED" = 7 ] && echo PASS || echo FAIL)"
if [ "$PASSED" != 7 ]; then
  printf 'failed: %s\n' "${FAILED[@]}"
  exit 1
fi

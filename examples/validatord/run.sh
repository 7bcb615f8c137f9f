#!/usr/bin/env bash
# Starts a scripted model, the session log and validatord on free ports, posts ten requests, shows the ten rows, and ends
# what it started. Needs Go, Node and curl, and the service built (`npm run build`). Exit 1 when the rows are not there.
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd ../.. && pwd)
MAIN=${SESSIONLOG_MAIN:-$ROOT/dist/main.js}
# No configuration of the caller's is to change what is shown.
unset "${!SESSIONLOG_@}"

[ -f "$MAIN" ] || { echo "run: the service is not built; \`npm run build\` in $ROOT does that" >&2; exit 1; }
WORK=$(mktemp -d)
LOG=$WORK/sessions.jsonl
PIDS=()

clean_up() {
  for pid in "${PIDS[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# Starts a program that logs `"msg":"serving"` with its address; sets ADDRESS, waiting 20 s at most.
start() { # NAME COMMAND…
  local name=$1
  shift
  : >"$WORK/$name.log"
  (cd "$WORK" && exec "$@") >/dev/null 2>"$WORK/$name.log" </dev/null &
  PIDS+=($!)
  for _ in $(seq 200); do
    ADDRESS=$(sed -n '/"msg":"serving"/s/.*"address":"\([^"]*\)".*/\1/p' "$WORK/$name.log")
    [ -n "$ADDRESS" ] && return
    kill -0 "${PIDS[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "run: $name does not serve" >&2
  cat "$WORK/$name.log" >&2
  exit 1
}

go build -o "$WORK/" . ./fakemodel
start sessionlog node "$MAIN" serve --listen 127.0.0.1:0 --path "$LOG"
SESSION_LOG=$ADDRESS
start fakemodel "$WORK/fakemodel" -listen 127.0.0.1:0
cat >"$WORK/validatord.toml" <<TOML
listen = "127.0.0.1:0"
model_url = "http://$ADDRESS"
model = "scripted"
provider = "fakemodel"
roster = "$ROOT/examples/roster.csv"
session_log_address = "$SESSION_LOG"
TOML
start validatord "$WORK/validatord" -config "$WORK/validatord.toml"
grep '"msg":"serving"' "$WORK/validatord.log"

REQUESTS=0
post() { # KIND PROMPT
  REQUESTS=$((REQUESTS + 1))
  printf '%2d %-8s %-40s ' "$REQUESTS" "$1" "$2"
  curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}\n' \
    --data "{\"kind\":\"$1\",\"prompt\":\"$2\"}" "http://$ADDRESS/v1/iterate"
}
post fill "Fill 1 welder slot at Dock 3."
post fill "Fill 2 slots at Plant 7, Mon 06:00-14:00."
post fill "Fill 1 packer slot at Werk Köln-Niehl."
post fill "Fill 1 picker slot at Hala Łódź."
post email "Write to Ana: shift moved to 07:00."
post playbook "What to do in a power cut?"
post fill "Fill 1 welder slot at Dock 3, Tue."
post fill "Fill 2 slots at Plant 7, Tue 06:00-14:00."
post fill "Fill 1 packer slot at Werk Köln-Niehl, Tue."
post fill "Fill 1 picker slot at Hala Łódź, Tue."

# validatord sends what it still has before it ends.
kill -TERM "${PIDS[2]}"
wait "${PIDS[2]}"
unset 'PIDS[2]'

cat "$LOG"
ROWS=$(wc -l <"$LOG")
echo "$REQUESTS requests, $ROWS rows"
[ "$ROWS" -eq "$REQUESTS" ]

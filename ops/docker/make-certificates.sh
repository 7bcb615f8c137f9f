#!/bin/sh
# Certificates of an authority of one's own, for compose.yaml: make-certificates.sh DIRECTORY [OWNER]. Leaves what is there, so that
# clients keep trusting it; to begin anew, remove the directory. Needs openssl.
set -eu
directory=$1
owner=${2:-}
if [ -e "$directory/client.pem" ]; then exit 0; fi
mkdir -p "$directory"
cd "$directory"
umask 077

new_key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@"; }
new_key -x509 -days 3650 -subj "/CN=sessionlog authority" -keyout ca-key.pem -out ca.pem
for name in service client; do
  new_key -subj "/CN=$name" -addext "subjectAltName=DNS:sessionlog,DNS:localhost,IP:127.0.0.1" -keyout "$name-key.pem" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -copy_extensions copy -days 365 -out "$name.new"
  # The authority's key alone stays with root.
  if [ -n "$owner" ]; then chown "$owner" "$name-key.pem"; fi
  chmod 644 ca.pem "$name.new"
  rm "$name.csr"
  mv "$name.new" "$name.pem"
done
chmod 755 .

#!/bin/sh
# Holds the server to its OpenAPI document: requests are made from the document, right and wrong ones, and every answer is compared
# with what the document says. Needs Python and `pip install schemathesis` (4.32 was used), curl, and a built `screening`.
#
#   tests/schemathesis/run.sh target/debug/screening [more arguments of `st run`]
#
# It asks as an officer of the district with a token, in a session, and as nobody. Each time the server and its store are new.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
port=${PORT:-8097}
base=http://127.0.0.1:$port
json='Content-Type: application/json'
work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
code() { python3 -c 'import base64, hashlib, hmac, struct, sys, time
key = base64.b32decode(sys.argv[1] + "=" * (-len(sys.argv[1]) % 8))
hash = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
at = hash[19] & 15
print("%06d" % ((struct.unpack(">I", hash[at:at + 4])[0] & 0x7FFFFFFF) % 1000000))' "$1"; }

# A server with a district and an officer in a session with a fresh second factor.
begin() {
  rm -rf "$work/data" "$work/out"
  "$program" serve --listen "127.0.0.1:$port" --data "$work/data" --account-rate 100000 --token-rate 100000 2> "$work/out" &
  server=$!
  until curl -sf "$base/readyz" > /dev/null; do sleep 0.2; done
  setup=$(sed -n 's/.*setup is //p' "$work/out")
  curl -sf "$base/api/v1/setup" -H "$json" -d "{\"code\": \"$setup\", \"district_code\": \"330106\", \"district_name\": \"West Lake\",
    \"name\": \"officer\", \"password\": \"a long sentence nobody knows\"}" > "$work/account"
  curl -sf -c "$work/cookies" "$base/api/v1/session" -H "$json" \
    -d '{"name": "officer", "password": "a long sentence nobody knows"}' > "$work/session"
  csrf=$(field csrf < "$work/session")
  district=$(field organisation_id < "$work/account")
  cookie=$(awk '$6 == "__Host-screening" { print $6 "=" $7 }' "$work/cookies")
  secret=$(curl -sf -X POST "$base/api/v1/session/totp" -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" | field secret)
  curl -sf "$base/api/v1/session/totp/confirmation" -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" -H "$json" \
    -d "{\"code\": \"$(code "$secret")\"}" > /dev/null
}

end() {
  kill "$server"
  wait "$server" || true
  server=
}

ask() { (cd "$here" && st --config-file schemathesis.toml run "$base/api/openapi.json" --checks all "$@"); }

failed=0
echo "== an officer with a token"
begin
token=$(curl -sf "$base/api/v1/tokens" -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" -H "$json" \
  -d "{\"name\": \"schemathesis\", \"role\": \"district-officer\", \"organisation_id\": \"$district\"}" | field secret)
# The token must not revoke itself on the way.
ask -H "Authorization: Bearer $token" --exclude-operation-id revokeToken "$@" || failed=1
end
echo "== an officer in a session"
begin
ask -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" --exclude-operation-id logOut --exclude-operation-id changePassword "$@" || failed=1
end
echo "== nobody"
begin
ask "$@" || failed=1
end
exit $failed

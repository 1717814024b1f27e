#!/usr/bin/env bash
# What changes with published keys instead of a shared secret: docs/guides/from-shared-secret.md.
#
#   AUTH_API_URL=http://127.0.0.1:8080 SERVICE_CLIENT_ID=… SERVICE_CLIENT_SECRET=… docs/guides/from-shared-secret.sh
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=lib.sh
source ./lib.sh
: "${AUTH_API_URL:?where the authorization server is}" "${SERVICE_CLIENT_ID:?}" "${SERVICE_CLIENT_SECRET:?}"
LEDGER=$AUTH_API_URL
scope=${SERVICE_SCOPE:-groups:read members:read}
me=(--user "$SERVICE_CLIENT_ID:$SERVICE_CLIENT_SECRET")

# Prints part 1 (header) or 2 (claims) of a token. Nothing is verified.
part() {
  python3 -c 'import base64, sys
text = sys.argv[1].split(".")[int(sys.argv[2]) - 1]
print(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())' "$1" "$2"
}

# 1. The same request as before.
answer=$(call POST /oauth/token "${me[@]}" --data grant_type=client_credentials --data-urlencode "scope=$scope")
token=$(field access_token <<<"$answer")
must_be 'lifetime' 900 "$(field expires_in <<<"$answer")"
must_be 'scope' "$scope" "$(field scope <<<"$answer")"

# 2. Another signature: RS256, by a key that everybody can read and nobody else can sign with.
header=$(part "$token" 1)
must_be 'algorithm' RS256 "$(field alg <<<"$header")"
must_be 'type' at+jwt "$(field typ <<<"$header")"
kid=$(field kid <<<"$header")
call GET /oauth/jwks | grep --quiet --fixed-strings "$kid"
say "signed by $kid, which $LEDGER/oauth/jwks has"

# 3. Who it is stands in a claim of its own; `sub` need not be guessed from.
claims=$(part "$token" 2)
must_be 'subject' "$SERVICE_CLIENT_ID" "$(field sub <<<"$claims")"
must_be 'principal' service "$(field principal_type <<<"$claims")"
must_be 'issuer' "${AUTH_API_ISSUER:-$AUTH_API_URL}" "$(field iss <<<"$claims")"

# 4. What the old secret signs is refused from now on.
forged=$(python3 - "$(part "$token" 2)" <<'PYTHON'
import base64, hashlib, hmac, sys
secret = b"dev_secret_key_change_in_production_min_32_chars_required"
encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
message = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(sys.argv[1].encode())
print((message + b"." + encode(hmac.new(secret, message, hashlib.sha256).digest())).decode())
PYTHON
)
must_be 'a token signed with the shared secret' 401 "$(status_of GET /api/auth/groups --header "Authorization: Bearer $forged")"
must_be 'the real one' 200 "$(status_of GET /api/auth/groups --header "Authorization: Bearer $token")"

# 5. A token can end before its time.
inspected=$(call POST /oauth/introspect "${me[@]}" --data-urlencode "token=$token")
must_be 'introspection' true "$(field active <<<"$inspected")"
call POST /oauth/revoke "${me[@]}" --data-urlencode "token=$token"
must_be 'a revoked token' 401 "$(status_of GET /api/auth/groups --header "Authorization: Bearer $token")"
say 'everything is as the guide says'

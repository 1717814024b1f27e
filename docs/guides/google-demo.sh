#!/usr/bin/env bash
# Signing in "with Google" on this machine alone: the demo, and npm oidc-provider in Google's part.
# Needs a build of the ledger, Node.js with npm, curl and python3; docs/guides/google.md tells the story.
#
#   docs/guides/google-demo.sh [PATH OF credit-ledger]
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=lib.sh
source docs/guides/lib.sh
binary=$(realpath "${1:-target/release/credit-ledger}")
home=$(mktemp -d)
demo=
provider=
finish() {
  if [[ -n $demo ]]; then kill "$demo" 2>/dev/null && wait "$demo" || true; fi
  if [[ -n $provider ]]; then kill "$provider" 2>/dev/null || true; fi
  rm -rf "$home"
}
trap finish EXIT
trap 'exit 130' INT TERM

tests/outside/clients/install provider
cp tests/outside/provider/provider.mjs target/outside/provider/
ledger=$home/ledger
export GOOGLE_CLIENT_ID=demo.apps.example
GOOGLE_CLIENT_SECRET=$(head -c 24 /dev/urandom | base64)
export GOOGLE_CLIENT_SECRET

# It says its issuer, is told where to send browsers back to, and ends with its standard input.
mkfifo "$home/callback"
node target/outside/provider/provider.mjs "$GOOGLE_CLIENT_ID" "$GOOGLE_CLIENT_SECRET" \
  <"$home/callback" >"$home/provider.log" 2>"$home/provider.err" &
provider=$!
exec 9>"$home/callback"
until [[ -s $home/provider.log ]]; do
  kill -0 "$provider" 2>/dev/null || { say 'The provider did not start.' >&2; exit 1; }
  sleep 0.1
done
CREDIT_LEDGER_GOOGLE_ISSUER=$(head -n 1 "$home/provider.log")
export CREDIT_LEDGER_GOOGLE_ISSUER

say 'The demo plays its story …'
"$binary" --data-dir "$ledger" demo --listen 127.0.0.1:0 >"$home/demo.log" 2>&1 &
demo=$!
until grep -q '^serving on' "$home/demo.log"; do
  kill -0 "$demo" 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
  sleep 0.1
done
LEDGER=$(sed -n 's/^listening on \([^;]*\);.*/\1/p' "$home/demo.log")
printf '%s/api/auth/google/callback\n' "$LEDGER" >&9

# An app whose users sign in that way.
cl() { "$binary" --data-dir "$ledger" --output json "$@"; }
app=$(cl client create --name sora2-video --client-id sora2-video --display-name 'Sora 2 Video' \
  --scopes credits:check,credits:deduct --origin https://sora.example --return-to chatgpt=https://sora.example/back)
key=$(cl key create --app "$(field app_id <<<"$app")" --scopes credits:check,credits:deduct)

say
say "1. Open      $LEDGER/api/auth/google?session=demo&return_to=chatgpt"
say '   Sign in with any address and any password; the page shows a code.'
say '2. Spend     LEDGER='"$LEDGER API_KEY=$(field api_key <<<"$key")"' docs/guides/sora2.sh'
say '3. Top up    when that says that there is not enough, the user that it names, and spend again:'
say "   $binary --data-dir $ledger purchase USER_ID 100"
say 'Serving on until Ctrl-C.'
wait "$demo"

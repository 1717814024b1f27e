#!/usr/bin/env bash
# A Sora2-like client, step by step: docs/guides/sora2.md.
#
#   LEDGER=http://127.0.0.1:8080 API_KEY=clk_… CODE=VERIFIED-… docs/guides/sora2.sh
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=lib.sh
source ./lib.sh
: "${LEDGER:?the URL of the ledger}" "${API_KEY:?the key of your app}"

if [[ -z ${CODE:-} ]]; then
  say "Open $LEDGER/api/auth/google?session=$(date +%s)&return_to=${RETURN_TO:-chatgpt} and sign in."
  read -r -p 'The code that the page shows: ' CODE
fi

# 1. Who is it? The code is good for ten minutes, and for seven days from its first use on.
session=$(call GET /api/auth/verify-session --header "X-Session-Token: $CODE")
user=$(field user id <<<"$session")
say "signed in: $(field user email <<<"$session"), until $(field expires_at <<<"$session")"
say "user:      $user"

# 2. Are there enough credits for a video?
ask() {
  call POST "/api/mcp/v1/credits/$1" --header "X-API-Key: $API_KEY" --header "X-User-ID: $user" \
    --header 'Content-Type: application/json' --data "$2" "${@:3}"
}
check=$(ask check '{"service": "sora2-video-generation", "cost": 30}')
say "balance $(field balance <<<"$check"), enough: $(field sufficient <<<"$check")"
if [[ $(field sufficient <<<"$check") != true ]]; then
  say 'Not enough credits: no video is made.'
  exit 4
fi

# 3. Make the video, then take the credits. With the video's id as the key, a repetition takes nothing.
video=${VIDEO:-3f0f3a76-674b-4118-b6f1-e0a88982d0d5}
order="{\"service\": \"sora2-video-generation\", \"cost\": 30, \"metadata\": {\"videoId\": \"$video\"}}"
first=$(ask deduct "$order" --header "Idempotency-Key: video-$video")
again=$(ask deduct "$order" --header "Idempotency-Key: video-$video")
must_be 'the same deduction twice' "$(field transaction_id <<<"$first")" "$(field transaction_id <<<"$again")"
say "paid: $(field transaction_id <<<"$first"), $(field new_balance <<<"$first") credits left"

#!/usr/bin/env bash
# Whether signing in with Google is set up: docs/guides/google.md.
#
#   LEDGER=https://credits.example docs/guides/google.sh
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=lib.sh
source ./lib.sh
: "${LEDGER:?the URL of the ledger}"

# The value of a parameter in a URL's query: `parameter URL NAME`.
parameter() {
  python3 -c 'import sys, urllib.parse as u
print(u.parse_qs(u.urlsplit(sys.argv[1]).query).get(sys.argv[2], [""])[0])' "$1" "$2"
}

to=$(curl --silent --show-error --output /dev/null --write-out '%{redirect_url}' "$LEDGER/api/auth/google?session=set-up")
if [[ -z $to ]]; then
  status=$(status_of GET '/api/auth/google?session=set-up')
  say "No redirect to Google (status $status): are google_client_id and google_client_secret_file set?"
  exit 1
fi
say "leads to:          ${to%%\?*}"
say "client id:         $(parameter "$to" client_id)"
say "comes back to:     $(parameter "$to" redirect_uri)"
say 'This address must stand, letter for letter, among the "Authorized redirect URIs" of the client at Google.'
must_be 'PKCE' S256 "$(parameter "$to" code_challenge_method)"
for name in state nonce code_challenge; do
  if [[ -z $(parameter "$to" "$name") ]]; then
    say "$name is missing"
    exit 1
  fi
done

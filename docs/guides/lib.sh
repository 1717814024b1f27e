# What the guides' scripts share. Needs curl and python3 (which reads JSON here).

# Prints a member of the JSON on standard input: `field user id`.
field() {
  python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value[int(name)] if isinstance(value, list) else value[name]
print(str(value).lower() if isinstance(value, bool) else value)' "$@"
}

# curl that fails on refusals and shows what the server says: `call GET /v1/… [curl options]`.
call() {
  local method=$1 path=$2 answer status=0
  shift 2
  answer=$(curl --silent --show-error --fail-with-body --request "$method" "$LEDGER$path" "$@") || status=$?
  if ((status != 0)); then
    printf '%s\n' "$answer" >&2
    return "$status"
  fi
  printf '%s\n' "$answer"
}

# The status that a request is answered with.
status_of() {
  local method=$1 path=$2
  shift 2
  curl --silent --output /dev/null --write-out '%{http_code}' --request "$method" "$LEDGER$path" "$@"
}

say() { printf '%s\n' "$*"; }

# Fails unless both are the same: `must_be WHAT EXPECTED SEEN`.
must_be() {
  if [[ $2 != "$3" ]]; then
    printf '%s: expected %s, got %s\n' "$1" "$2" "$3" >&2
    exit 1
  fi
}

# Words that every command uses. Sourced by ./dev.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# Safe in a URL, a connection string and a shell.
random_password() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

require_dotnet() {
  if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    die "the .NET 10 SDK is missing; install it (Debian and Ubuntu: the package dotnet-sdk-10.0, from Microsoft's
     feed where the distribution has none; see https://learn.microsoft.com/dotnet/core/install/linux), then run this again"
  fi
}

# A connection that is refused is a port that is free.
is_port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

next_free_port() {
  local port=$1
  until is_port_free "$port"; do
    port=$((port + 1))
    [ "$port" -le 65535 ] || die "no port from $1 on is free"
  done
  echo "$port"
}

is_running() { [ -n "${1:-}" ] && [ -d "/proc/$1" ]; }

# Everything below is made once for both root and ordinary users: .dev itself stays traversable.
make_state_folder() {
  mkdir -p "$STATE" && chmod 755 "$STATE" 2>/dev/null ||
    die "$STATE cannot be made or belongs to another user; remove it as that user, or work in a clone of your own"
  [ -w "$STATE" ] || die "$STATE belongs to $(stat -c %U "$STATE"); run this as that user, or have it removed"
}

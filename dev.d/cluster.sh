# Private PostgreSQL clusters, each with its own folder (its home), port and password. Sourced by ./dev.
#
# PostgreSQL refuses to run as root. So root runs it as another user, and a checkout which that user cannot reach (in
# /root, say) keeps the home in /var/tmp, with a link in .dev.
# shellcheck shell=bash

readonly POSTGRES_OLDEST=15

# --- the binaries -----------------------------------------------------------------------------------------------

find_postgres() {
  local folder
  # The newest of Debian's side-by-side versions, then whatever pg_config or the PATH knows.
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr) \
    "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v initdb || true)")"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/psql" ]; then
      PG_BIN=$folder
      return 0
    fi
  done
  return 1
}

# What is missing, the package that has it, and what else to say of it.
install_package() {
  local what=$1 package=$2
  local -a root=()
  command -v apt-get >/dev/null || die "$what is missing; install it (Debian: the package $package), then run this again"
  if [ "$(id -u)" -ne 0 ]; then
    # sudo may ask for its password only where somebody can answer.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      root=(sudo)
    else
      die "$what is missing; run this as root, then try again:
     apt-get update && apt-get install -y $package"
    fi
  fi
  say "$what is missing; installing Debian's package $package (what it starts by itself is not used here)"
  "${root[@]}" apt-get update -qq || die "apt-get update failed, see above; $what is still missing"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null ||
    die "apt-get install $package failed, see above"
}

# The tests put it before a database, to prove that nothing needs a session.
require_pgbouncer() {
  PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v pgbouncer >/dev/null || install_package pgbouncer pgbouncer
}

require_curl() { command -v curl >/dev/null || install_package curl curl; }

# The tests look at the dashboard with it.
require_chromium() {
  command -v chromium >/dev/null || install_package Chromium chromium
}

# The tests have it read a node's metrics, and its tool check the alerts.
require_prometheus() {
  { command -v prometheus && command -v promtool; } >/dev/null || install_package Prometheus prometheus
}

require_postgres() {
  local version
  find_postgres ||
    { install_package "PostgreSQL's server (version $POSTGRES_OLDEST or newer)" postgresql && find_postgres; } || die "PostgreSQL was installed but its initdb is nowhere"
  version=$("$PG_BIN/initdb" --version | grep -oE '[0-9]+' | head -n 1)
  [ "$version" -ge "$POSTGRES_OLDEST" ] ||
    die "PostgreSQL $version in $PG_BIN is too old; install version $POSTGRES_OLDEST or newer (package postgresql)"
  # Tests and commands call psql by its name; it shall be the server's own.
  export PATH="$PG_BIN:$PATH"
}

# --- whose it is and where it lives -----------------------------------------------------------------------------

cluster_user() {
  if [ "$(id -u)" -ne 0 ]; then
    id -un
  elif id -u postgres >/dev/null 2>&1; then
    echo postgres
  else
    echo nobody
  fi
}

# As that user, from a folder where it may stand.
as_cluster_user() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif command -v runuser >/dev/null; then
    (cd / && runuser -u "$(cluster_user)" -- "$@")
  else
    (cd / && setpriv --reuid "$(cluster_user)" --regid "$(id -g "$(cluster_user)")" --init-groups "$@")
  fi
}

# Prints where the cluster of that name lives; makes the folder, private to the cluster's user, if there is none.
make_home() {
  local link="$STATE/$1" base
  make_state_folder
  if as_cluster_user test -x "$STATE"; then
    mkdir -p -m 700 "$link"
  elif [ ! -e "$link" ]; then
    base="/var/tmp/mana-ai-dev-$(printf %s "$ROOT" | sha256sum | cut -c 1-12)"
    mkdir -m 755 "$base" 2>/dev/null || { [ -O "$base" ] && [ ! -L "$base" ]; } ||
      die "$base was made by somebody else; have it removed"
    chmod 755 "$base"
    mkdir -p -m 700 "$base/$1"
    ln -sfn "$base/$1" "$link"
  fi
  if [ "$(id -u)" -eq 0 ]; then
    chown "$(cluster_user):" "$link/"
  elif [ ! -O "$link/" ]; then
    die "$link belongs to $(stat -L -c %U "$link"), which is not you; let that user remove it"
  fi
  (cd -P "$link" && pwd)
}

# Only what make_home made: the folder a link points to, and the link.
remove_home() {
  local link="$STATE/$1" target
  [ -e "$link" ] || [ -L "$link" ] || return 0
  target=$(readlink -f "$link")
  case $target in
    "$STATE/$1" | /var/tmp/mana-ai-dev-*/"$1") rm -rf -- "$target" "$link" ;;
    *) die "$link leads to $target, which is not ours to remove" ;;
  esac
  rmdir "$(dirname "$target")" 2>/dev/null || true
}

# --- making, starting, stopping ---------------------------------------------------------------------------------

# A collation that is not byte order, as production has one: what relies on byte order must say so.
make_cluster() {
  local home=$1 password_file="$1/password"
  shift
  [ ! -f "$home/data/PG_VERSION" ] || return 0
  rm -rf "$home/data"
  (umask 077 && random_password >"$password_file")
  [ "$(id -u)" -ne 0 ] || chown "$(cluster_user):" "$password_file"
  local -a arguments=(-D "$home/data" -U postgres -A scram-sha-256 --pwfile "$password_file" -E UTF8 --locale C.UTF-8)
  as_cluster_user "$PG_BIN/initdb" "${arguments[@]}" --locale-provider icu --icu-locale en-US "$@" \
    >"$home/initdb.log" 2>&1 ||
    as_cluster_user "$PG_BIN/initdb" "${arguments[@]}" "$@" >>"$home/initdb.log" 2>&1 ||
    { cat "$home/initdb.log" >&2 && die "initdb failed, see above"; }
}

# Starts it on the port it had, or on a free one. Below 32768: the kernel gives the ports above to outgoing connections.
start_cluster() {
  local home=$1 port attempt sockets
  shift
  port=$(cat "$home/port" 2>/dev/null || true)
  # A socket's path has at most 107 bytes; TCP is there in any case.
  sockets=$home && [ ${#home} -le 80 ] || sockets=
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    if [ -z "$port" ] || ! is_port_free "$port"; then
      port=$((20000 + RANDOM % 12000))
      is_port_free "$port" || continue
    fi
    if as_cluster_user "$PG_BIN/pg_ctl" start -D "$home/data" -l "$home/log" -w -t 120 -s -o \
      "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='$sockets' $*" 2>>"$home/pg_ctl.log"; then
      echo "$port" >"$home/port"
      return 0
    fi
    # Somebody took the port between our look and the server's.
    grep -q 'could not bind' "$home/log" || break
    : >"$home/log"
    port=
  done
  tail -n 20 "$home/log" >&2 || true
  die "PostgreSQL did not start, see above (attempt $attempt, $home/log)"
}

# fast lets transactions end by a rollback, immediate is for what is thrown away.
stop_cluster() {
  local home=$1 mode=${2:-fast}
  [ -f "$home/data/postmaster.pid" ] || return 0
  as_cluster_user "$PG_BIN/pg_ctl" stop -D "$home/data" -m "$mode" -w -t 60 -s ||
    ! as_cluster_user "$PG_BIN/pg_ctl" status -D "$home/data" >/dev/null
}

is_cluster_running() { as_cluster_user "$PG_BIN/pg_ctl" status -D "$1/data" >/dev/null 2>&1; }

cluster_url() {
  printf 'postgresql://postgres:%s@127.0.0.1:%s/%s\n' "$(cat "$1/password")" "$(cat "$1/port")" "${2:-postgres}"
}

# psql as superuser; the password by the environment, since the process list shows arguments.
cluster_psql() {
  local home=$1 database=$2
  shift 2
  PGPASSWORD=$(cat "$home/password") psql -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(cat "$home/port")" \
    -U postgres -d "$database" "$@"
}

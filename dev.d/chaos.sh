# `./dev chaos`: real nodes over a PostgreSQL of their own, tormented as a seed says; `./dev upgrade`: the same while
# the version before is replaced. Sourced by ./dev.
# shellcheck shell=bash

# Commits must outlive a PostgreSQL that is killed; what must outlive a power cut of the machine is no matter here.
readonly CHAOS_SETTINGS="-c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB"
readonly CHAOS_DATABASE=mana_sync

# Nodes and the stand-in stand on ports in a row.
free_ports() {
  local count=$1 first port
  while true; do
    first=$((20000 + RANDOM % 12000))
    for ((port = first; port < first + count; port++)); do
      is_port_free "$port" || continue 2
    done
    echo "$first"
    return
  done
}

# What the tool calls to restart PostgreSQL: with the same options, as the cluster's user, whoever that is.
write_restart() {
  local home=$1 program=$2 user
  user=$(cluster_user)
  {
    printf '#!/usr/bin/env bash\ncd /\nexec '
    if [ "$(id -u)" -eq 0 ]; then
      command -v runuser >/dev/null && printf 'runuser -u %q -- ' "$user" ||
        printf 'setpriv --reuid %q --regid %q --init-groups ' "$user" "$(id -g "$user")"
    fi
    printf '%q restart -D %q -l %q -w -t 60 -s -m "$1" </dev/null >>%q 2>&1\n' \
      "$PG_BIN/pg_ctl" "$home/data" "$home/log" "$home/pg_ctl.log"
  } >"$program"
  chmod 700 "$program"
}

# The files of the version that the nodes begin with: an upgrade needs no others.
make_chaos_database() {
  local home=$1 folder=$2/docker/postgres
  cluster_psql "$home" postgres -q -c "CREATE DATABASE $CHAOS_DATABASE"
  cluster_psql "$home" "$CHAOS_DATABASE" -q -f "$folder/change-log-g2.sql"
  MANA_AI_READER_PASSWORD=$(cat "$home/password") cluster_psql "$home" "$CHAOS_DATABASE" \
    -f "$folder/roles.sql" -v log_index=1 -v wakeup_trigger=1 >/dev/null
}

build_release() {
  local root=$1 project=$2
  (cd "$root" && dotnet restore "$project" --locked-mode --verbosity quiet &&
    dotnet build "$project" --no-restore --disable-build-servers --verbosity quiet -c Release -p:RunAnalyzers=false) \
    >"$STATE/chaos-build.log" 2>&1 || { cat "$STATE/chaos-build.log" >&2 && die "the build of $root failed, see above"; }
}

# The last version that was tagged; without tags, the last one whose migrations are the first of those there are now.
version_before() {
  local folder=ManaAi.Actors/Database/Migrations now revision earlier
  git -C "$ROOT" describe --tags --abbrev=0 2>/dev/null && return
  now=$(git -C "$ROOT" ls-tree --name-only HEAD "$folder/")
  while read -r revision; do
    earlier=$(git -C "$ROOT" ls-tree --name-only "$revision" "$folder/")
    if [ -n "$earlier" ] && [[ $now == "$earlier"$'\n'* ]]; then
      echo "$revision"
      return
    fi
  done < <(git -C "$ROOT" rev-list HEAD)
  die "no version before this one has fewer migrations; name one with --from"
}

# `./dev upgrade`: nodes of an older version, over the database that it made, are replaced one after the other.
dev_upgrade() {
  local from='' revision
  local -a arguments=()
  while [ $# -gt 0 ]; do
    case $1 in
      --from) from=${2:?--from wants a revision} && shift ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  require_dotnet
  make_state_folder
  git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1 || die "this is no git repository, so there is no version before"
  from=${from:-$(version_before)}
  revision=$(git -C "$ROOT" rev-parse --verify --quiet "$from^{commit}") || die "there is no revision $from"
  say "from $(git -C "$ROOT" log -1 --format='%h %s' "$revision")"
  CHAOS_OLD_ROOT="$STATE/version-${revision:0:12}"
  if [ ! -d "$CHAOS_OLD_ROOT" ]; then
    rm -rf "$CHAOS_OLD_ROOT.unfinished" && mkdir "$CHAOS_OLD_ROOT.unfinished"
    git -C "$ROOT" archive "$revision" | tar -x -C "$CHAOS_OLD_ROOT.unfinished"
    say "building it" >&2
    build_release "$CHAOS_OLD_ROOT.unfinished" ManaAi.Host
    mv "$CHAOS_OLD_ROOT.unfinished" "$CHAOS_OLD_ROOT"
  fi
  export CHAOS_OLD_SERVICE="$CHAOS_OLD_ROOT/ManaAi.Host/bin/Release/net10.0/mana-ai.dll"
  # A call lasts half a second: who is told to stop finishes it, and none is paid twice.
  local -a usual=(--minutes 3 --nodes 3 --grace-ms 5000)
  local index
  for ((index = 0; index < ${#usual[@]}; index += 2)); do
    [[ " ${arguments[*]} " == *" ${usual[index]} "* ]] || arguments+=("${usual[@]:index:2}")
  done
  dev_chaos "${arguments[@]}"
}

dev_chaos() {
  require_dotnet
  require_postgres
  local home exit_code=0
  CHAOS_NAME="chaos-$$"
  # shellcheck disable=SC2329
  finish_chaos() {
    local exit_code=$?
    trap '' INT TERM
    [ ! -d "$STATE/$CHAOS_NAME/data" ] || stop_cluster "$(cd -P "$STATE/$CHAOS_NAME" && pwd)" immediate || true
    remove_home "$CHAOS_NAME"
    exit "$exit_code"
  }
  trap finish_chaos EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  make_state_folder
  say "building" >&2
  build_release "$ROOT" ManaAi.Host
  build_release "$ROOT" ManaAi.Bench

  home=$(make_home "$CHAOS_NAME")
  make_cluster "$home" --no-sync
  # shellcheck disable=SC2086
  start_cluster "$home" $CHAOS_SETTINGS
  make_chaos_database "$home" "${CHAOS_OLD_ROOT:-$ROOT}"

  # What the processes said stays there until the next run; two may go on at once.
  for CHAOS_FOLDER in "$STATE"/chaos-*.logs; do
    is_running "$(basename "${CHAOS_FOLDER#*chaos-}" .logs)" || rm -rf "$CHAOS_FOLDER"
  done
  CHAOS_FOLDER="$STATE/$CHAOS_NAME.logs"
  mkdir -m 700 "$CHAOS_FOLDER"
  write_restart "$home" "$CHAOS_FOLDER/restart-postgres"
  export CHAOS_FOLDER
  export CHAOS_RESTART_POSTGRES="$CHAOS_FOLDER/restart-postgres"
  export CHAOS_SERVICE="$ROOT/ManaAi.Host/bin/Release/net10.0/mana-ai.dll"
  CHAOS_ADMIN="Host=127.0.0.1;Port=$(cat "$home/port");Username=postgres;Password=$(cat "$home/password");Database=$CHAOS_DATABASE"
  CHAOS_SERVICE_URL="postgresql://mana_ai_reader:$(cat "$home/password")@127.0.0.1:$(cat "$home/port")/$CHAOS_DATABASE"
  CHAOS_FIRST_PORT=$(free_ports 10)
  export CHAOS_ADMIN CHAOS_SERVICE_URL CHAOS_FIRST_PORT
  dotnet "$ROOT/ManaAi.Bench/bin/Release/net10.0/mana-ai-bench.dll" chaos "$@" || exit_code=$?
  exit "$exit_code"
}

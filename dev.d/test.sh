# `./dev test` and `./dev postgres`. Sourced by ./dev.
# shellcheck shell=bash

# shellcheck source=dev.d/supply.sh
source "$ROOT/dev.d/supply.sh"

# Durability is what a throwaway cluster has no use for.
readonly THROWAWAY_SETTINGS="-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 \
  -c max_connections=300 -c shared_buffers=256MB -c max_wal_size=2GB -c autovacuum_naptime=10min -c jit=off"

start_throwaway() {
  local home
  home=$(make_home "$1")
  make_cluster "$home" --no-sync
  # shellcheck disable=SC2086
  is_cluster_running "$home" || start_cluster "$home" $THROWAWAY_SETTINGS
}

forget_throwaway() {
  [ ! -d "$STATE/$1/data" ] || stop_cluster "$(cd -P "$STATE/$1" && pwd)" immediate || true
  remove_home "$1"
}

# A run that was killed could not clean up; its process id stands in the name.
forget_orphans() {
  local link
  for link in "$STATE"/test-*; do
    [ -e "$link" ] && ! is_running "${link##*-}" || continue
    forget_throwaway "${link##*/}"
  done
}

# The last line, whatever happened. A run that failed without a failed test (a crash, no test at all) counts as one.
report() {
  local results=$1 exit_code=$2 passed=0 failed=0
  read -r passed failed < <(
    find "$results" -name '*.trx' -exec cat {} + 2>/dev/null | grep -o '<Counters [^>]*' | awk '
      function count(name) { return match($0, " " name "=\"[0-9]+") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : 0 }
      { passed += count("passed"); failed += count("failed") + count("error") + count("timeout") + count("aborted") }
      END { print passed + 0, failed + 0 }'
  ) || true
  if [ "$failed" -eq 0 ] && { [ "$exit_code" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
    failed=1
  fi
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

build_and_check() {
  dotnet restore --locked-mode --verbosity quiet &&
    dotnet tool restore --verbosity quiet &&
    dotnet csharpier check . &&
    check_vulnerable &&
    # No build servers: they would outlive the command, and hold its output open for whoever reads it.
    dotnet build --no-restore --disable-build-servers --verbosity quiet -p:TreatWarningsAsErrors=true
}

dev_test() {
  require_dotnet
  cd "$ROOT"
  local exit_code=0
  TEST_NAME="test-$$"
  # shellcheck disable=SC2329
  finish_test() {
    local exit_code=$?
    trap '' INT TERM
    # A failure on the way here (no PostgreSQL, no .NET) ends with a last line too.
    [ -n "${IS_REPORTED:-}" ] || say "0 passed, 1 failed"
    forget_throwaway "$TEST_NAME"
    exit "$exit_code"
  }
  trap finish_test EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  require_postgres
  require_pgbouncer
  require_chromium
  require_prometheus
  require_jq
  build_and_check || exit 1
  forget_orphans
  start_throwaway "$TEST_NAME"

  rm -rf "$STATE/results" && mkdir "$STATE/results"
  MANA_TEST_DATABASE_URL=$(cluster_url "$STATE/$TEST_NAME") \
    dotnet test ManaAi.sln --no-build --results-directory "$STATE/results" --logger trx "$@" || exit_code=$?
  trap '' INT TERM
  forget_throwaway "$TEST_NAME"
  IS_REPORTED=1
  report "$STATE/results" "$exit_code"
}

dev_postgres() {
  require_postgres
  case ${1:-} in
    start) start_throwaway ide ;;
    stop)
      forget_throwaway ide
      return
      ;;
    url) ;;
    *) usage >&2 && exit 2 ;;
  esac
  [ -f "$STATE/ide/port" ] || die "there is none; start it: ./dev postgres start"
  say "MANA_TEST_DATABASE_URL=$(cluster_url "$STATE/ide")"
}

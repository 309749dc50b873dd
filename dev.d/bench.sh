# `./dev bench`. Sourced by ./dev.
# shellcheck shell=bash

# As a small server would be set up: durable, as production is.
readonly BENCH_SETTINGS="-c shared_buffers=1GB -c work_mem=64MB -c max_wal_size=4GB -c max_connections=200"

dev_bench() {
  require_dotnet
  require_postgres
  cd "$ROOT"
  dotnet build ManaAi.Bench --configuration Release --disable-build-servers --verbosity quiet -p:RunAnalyzers=false
  # The service as it is shipped: compiled ahead.
  make_state_folder
  dotnet publish ManaAi.Host --configuration Release --runtime "linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" \
    --disable-build-servers --verbosity quiet -p:RunAnalyzers=false --output "$STATE/bench-service"
  local home
  home=$(make_home bench)
  # shellcheck disable=SC2329
  finish_bench() {
    local exit_code=$?
    trap '' INT TERM
    [ ! -d "$STATE/bench/data" ] || stop_cluster "$(cd -P "$STATE/bench" && pwd)" immediate || true
    remove_home bench
    exit "$exit_code"
  }
  trap finish_bench EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make_cluster "$home" --no-sync
  # shellcheck disable=SC2086
  start_cluster "$home" $BENCH_SETTINGS
  MANA_BENCH_DATABASE_URL=$(cluster_url "$STATE/bench") MANA_BENCH_SERVICE="$STATE/bench-service/mana-ai.dll" \
    dotnet ManaAi.Bench/bin/Release/net10.0/mana-ai-bench.dll bench "$@"
}

# `./dev sbom`, `./dev fuzz`, and what the suite asks about packages. Sourced by ./dev.
# shellcheck shell=bash

# Packages that only build, by what Directory.Build.props gives to every project.
build_only() {
  sed -n 's/.*PackageReference Include="\([^"]*\)" PrivateAssets="all".*/\1/p' "$ROOT/Directory.Build.props"
}

require_jq() { command -v jq >/dev/null || install_package jq jq; }

# CycloneDX, on stdout: what is shipped, as the lock files pin it, with the licences that NOTICE tells. The same
# lock files give the same text, so that two versions can be compared.
dev_sbom() {
  [ $# -eq 0 ] || { usage >&2 && exit 2; }
  require_jq >&2
  local version
  version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$ROOT/Directory.Build.props")
  jq -n --arg version "$version" --arg build_only "$(build_only)" --rawfile notice "$ROOT/NOTICE" '
    ($build_only | split("\n")) as $tools
    | ($notice | split("\n") | map(split(" | ") | select(length == 3) | {key: .[0], value: {licence: .[1], holder: .[2]}})
       | from_entries) as $terms
    | [inputs.dependencies[] | to_entries[] | select(.value.type != "Project")]
    | (map(select(.key | IN($tools[]) | not)) | unique_by(.key)) as $packages
    | ($packages | map({key: (.key | ascii_downcase), value: "pkg:nuget/\(.key)@\(.value.resolved)"}) | from_entries) as $refs
    | "pkg:generic/mana-ai@\($version)" as $root
    | {
        bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
        metadata: {component: {type: "application", "bom-ref": $root, name: "mana-ai", version: $version,
                               licenses: [{license: {id: "MIT"}}]}},
        components: ($packages | map($refs[.key | ascii_downcase] as $ref | {
          type: "library", "bom-ref": $ref, name: .key, version: .value.resolved, purl: $ref,
          licenses: [{license: {id: ($terms[.key].licence // error("NOTICE does not name \(.key)"))}}],
          copyright: $terms[.key].holder,
          properties: [{name: "nuget:contentHash", value: .value.contentHash}]})),
        dependencies: ([{ref: $root, dependsOn: [$packages[] | select(.value.type != "Transitive") | $refs[.key | ascii_downcase]]}]
          + ($packages | map({ref: $refs[.key | ascii_downcase],
              dependsOn: [.value.dependencies // {} | keys[] | $refs[ascii_downcase] // empty]})))
      }' "$ROOT/ManaAi.Actors/packages.lock.json" "$ROOT/ManaAi.Host/packages.lock.json"
}

# Fails for a package with a known hole. A source that cannot be asked, or has no such list, stops nobody.
check_vulnerable() {
  local answer
  if answer=$(timeout 60 dotnet list ManaAi.sln package --vulnerable --include-transitive 2>&1); then
    if grep -q 'has the following vulnerable packages' <<<"$answer"; then
      say "$answer"
      return 1
    fi
    # NU1900: the source was asked, and told nothing.
    ! grep -qE 'NU1900|error' <<<"$answer" || say "the package source does not tell which packages are vulnerable: not checked"
  else
    say "the package source did not answer which packages are vulnerable: not checked"
  fi
}

# Twenty thousand requests, a million answers of a model, a million rows; the suite runs a part of each.
dev_fuzz() {
  # shellcheck source=dev.d/test.sh
  source "$ROOT/dev.d/test.sh"
  export MANA_FUZZ=full
  dev_test --filter "FullyQualifiedName~FuzzTests" "$@"
}

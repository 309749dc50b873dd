# `./dev sbom`. Sourced by ./dev.
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

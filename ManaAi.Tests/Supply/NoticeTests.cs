using System.Text.Json;
using System.Xml.Linq;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Supply;

/// <summary>What is said of the packages that ManaAi stands on, against what the lock files pin.</summary>
public sealed class NoticeTests
{
    private static readonly Dictionary<string, string> Licences = Sources
        .Read("NOTICE")
        .Split('\n')
        .Select(line => line.Split(" | "))
        .Where(parts => parts.Length == 3)
        .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);

    [Fact]
    public void Every_package_of_a_lock_file_stands_in_the_notice_with_its_licence() =>
        (
            from package in Locked().Append(Formatter())
            let licence = LicenceOf(package)
            where !Licences.TryGetValue(package.Name, out var told) || licence is not null && told != licence
            select $"{package.Name} {package.Version}: NOTICE needs the line `{package.Name} | {licence} | its holder`"
        ).ShouldBeEmpty();

    [Fact]
    public async Task The_bill_of_materials_names_each_package_that_is_shipped_and_no_other()
    {
        var jq = InstalledProgram.Find("jq", "jq", "the bill of materials can be made");
        Path.IsPathRooted(jq).ShouldBeTrue();
        var (exitCode, output) = await InstalledProgram.RunAsync(
            "/bin/bash",
            [Path.Combine(Sources.Root, "dev"), "sbom"]
        );

        exitCode.ShouldBe(0, output);
        var bill = JsonSerializer.Deserialize<JsonElement>(output);
        bill.GetProperty("bomFormat").GetString().ShouldBe("CycloneDX");
        var components = bill.GetProperty("components").EnumerateArray().ToList();
        var named = components.Select(one => one.GetProperty("purl").GetString());
        var buildOnly = XDocument
            .Parse(Sources.Read("Directory.Build.props"))
            .Descendants("PackageReference")
            .Select(one => one.Attribute("Include")!.Value);
        named.ShouldBe(
            Locked("ManaAi.Actors/", "ManaAi.Host/")
                .Where(package => !buildOnly.Contains(package.Name))
                .Select(package => $"pkg:nuget/{package.Name}@{package.Version}"),
            ignoreOrder: true
        );
        foreach (var component in components)
        {
            component
                .GetProperty("licenses")[0]
                .GetProperty("license")
                .GetProperty("id")
                .GetString()
                .ShouldBe(Licences[component.GetProperty("name").GetString()!]);
        }
    }

    private static List<Package> Locked(params string[] projects) =>
        [
            .. (
                from file in Sources.All("packages.lock.json")
                where projects.Length == 0 || projects.Any(file.Path.StartsWith)
                from framework in JsonSerializer
                    .Deserialize<JsonElement>(file.Text)
                    .GetProperty("dependencies")
                    .EnumerateObject()
                from package in framework.Value.EnumerateObject()
                where package.Value.TryGetProperty("resolved", out _)
                select new Package(package.Name, package.Value.GetProperty("resolved").GetString()!)
            ).Distinct(),
        ];

    private static Package Formatter()
    {
        var tool = JsonSerializer
            .Deserialize<JsonElement>(Sources.Read(".config/dotnet-tools.json"))
            .GetProperty("tools")
            .GetProperty("csharpier");
        return new Package("csharpier", tool.GetProperty("version").GetString()!);
    }

    /// <summary>What the package says of itself; null where it brings a text of its own, or is not on this machine.</summary>
    private static string? LicenceOf(Package package)
    {
        var packages =
            Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                ".nuget",
                "packages"
            );
        var id = package.Name.ToLowerInvariant();
        var about = Path.Combine(packages, id, package.Version, $"{id}.nuspec");
        return File.Exists(about)
            ? XDocument
                .Load(about)
                .Descendants()
                .FirstOrDefault(one =>
                    one.Name.LocalName == "license" && one.Attribute("type")?.Value == "expression"
                )
                ?.Value
            : null;
    }

    private sealed record Package(string Name, string Version);
}

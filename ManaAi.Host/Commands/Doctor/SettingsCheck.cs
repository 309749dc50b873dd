using ManaAi.Actors.Diagnosis;
using ManaAi.Host.Keys;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Commands.Doctor;

/// <summary>What the environment says, and whether the keys in it are good enough.</summary>
internal static class SettingsCheck
{
    private const string DemoPrefix = "demo-only";
    private static readonly string[] KnownPasswords = ["mana-ai-demo", "devpassword"];

    private const string KeyName = "MANA_SERVICE_KEY";
    private const string SetRight =
        "set it right where the service gets its environment from, and start it again";

    public static IReadOnlyList<Symptom> Run(ServiceSettings settings, IReadOnlyList<SettingFault> faults)
    {
        Symptom[] wrong =
        [
            .. OfPassword(settings),
            .. faults.Select(fault =>
                Symptom.Fault(IsOfKey(fault) ? Checks.Key : Checks.Settings, fault.Sentence, SetRight)
            ),
        ];
        return
        [
            .. OrWell(wrong, Checks.Settings, AllRight(settings)),
            .. OrWell(wrong, Checks.Key, OfGoodKeys(settings)),
        ];
    }

    /// <summary>The passwords that stand in our own files are known to everyone who has read them.</summary>
    private static IEnumerable<Symptom> OfPassword(ServiceSettings settings)
    {
        var password = new NpgsqlConnectionStringBuilder(
            settings.Database.ConnectionString.Reveal()
        ).Password;
        if (
            !settings.IsDevelopment
            && password is not null
            && (
                KnownPasswords.Contains(password) || password.StartsWith(DemoPrefix, StringComparison.Ordinal)
            )
        )
        {
            yield return Symptom.Warning(
                Checks.Key,
                "The password in SYNC_DATABASE_URL is one of the demonstration's, which everyone knows.",
                "run docker/postgres/roles.sql with MANA_AI_READER_PASSWORD set to another, and set that in SYNC_DATABASE_URL"
            );
        }
    }

    private static Symptom[] OrWell(Symptom[] wrong, string check, string sentence)
    {
        var own = wrong.Where(symptom => symptom.Check == check).ToArray();
        return own.Length > 0 ? own : [Symptom.Well(check, sentence)];
    }

    private static string OfGoodKeys(ServiceSettings settings) =>
        settings.Edge.ServiceKeys.Any(key => KeyStrength.FaultOf(key.Reveal()) is not null)
            ? "Good for Development; Production refuses it."
            : "Neither the service's key nor the database's password is one that everyone knows.";

    private static string AllRight(ServiceSettings settings) =>
        $"All can be read ({(settings.IsDevelopment ? "Development" : "Production")}"
        + $"{(settings.IsDryRun ? ", DRY_RUN: it neither calls nor writes" : "")}).";

    private static bool IsOfKey(SettingFault fault) =>
        fault.Name.StartsWith(KeyName, StringComparison.Ordinal);
}

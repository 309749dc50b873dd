using System.CommandLine;
using System.Globalization;
using ManaAi.Actors.Database;
using ManaAi.Actors.Diagnosis;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Commands.Doctor;

/// <summary>Looks at everything that the service needs, and says what to do about what is not well.</summary>
internal static class DoctorCommand
{
    private const int MinutesDefault = 10;
    private const int MinutesMax = 525_600;

    public static Command Create(IReadOnlyDictionary<string, string?> environment) =>
        Create(environment, TimeProvider.System);

    /// <param name="time">This machine's clock, which is compared with the database's.</param>
    internal static Command Create(IReadOnlyDictionary<string, string?> environment, TimeProvider time)
    {
        var form = new OutputForm();
        var longest = new Option<int>("--transaction-max")
        {
            Description = "Minutes that another's transaction may be open and still be nothing to tell of.",
            HelpName = "minutes",
            DefaultValueFactory = _ => MinutesDefault,
        };
        longest.Validators.Add(result =>
        {
            if (
                result.Tokens is [{ Value: var text }]
                && !(
                    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
                    && minutes <= MinutesMax
                )
            )
            {
                result.AddError($"--transaction-max takes whole minutes from 0 to {MinutesMax}.");
            }
        });
        var ignored = new Option<string[]>("--ignore")
        {
            Description =
                "A check whose findings do not count, since it is meant so; may be given more than once.",
            HelpName = "check",
            DefaultValueFactory = _ => [],
        };
        ignored.AcceptOnlyFromAmong([.. Checks.All]);
        var command = new Command(
            "doctor",
            "Looks at settings, database, roles, schema, clocks, mana-llm and keys as a node with this environment would meet "
                + "them, and says for each finding what to do. It changes nothing and costs nothing. Ends with 0 when there is "
                + "nothing to do, else with 1."
        )
        {
            form.Option,
            longest,
            ignored,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (settings, faults) = SettingsReader.ReadWithFaults(environment);
                var patient = new Patient(settings, faults, TimeSpan.FromMinutes(parsed.GetValue(longest)));
                return DoctorOutput.Write(
                    parsed.InvocationConfiguration.Output,
                    form.IsJson(parsed),
                    await ExamineAsync(patient, time, cancellationToken),
                    parsed.GetValue(ignored) ?? []
                );
            }
        );
        return command.WithExamples(
            "mana-ai doctor",
            "mana-ai doctor -o json",
            "mana-ai doctor --ignore log-index --ignore nodes"
        );
    }

    private static async Task<IReadOnlyList<Symptom>> ExamineAsync(
        Patient patient,
        TimeProvider time,
        CancellationToken cancellationToken
    ) =>
        [
            .. SettingsCheck.Run(patient.Settings, patient.Faults),
            .. await LookAtDatabaseAsync(patient, time, cancellationToken),
            await LookAtLlmAsync(patient, time, cancellationToken),
        ];

    private static async Task<IReadOnlyList<Symptom>> LookAtDatabaseAsync(
        Patient patient,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (patient.HasFault("SYNC_DATABASE_URL"))
        {
            return
            [
                .. Checks.OfDatabase.Select(check =>
                    Symptom.Unknown(check, "Not looked at, since SYNC_DATABASE_URL cannot be read.")
                ),
            ];
        }

        await using var source = NpgsqlDataSource.Create(patient.Settings.Database.ConnectionString.Reveal());
        var options = new DoctorOptions
        {
            LongestTransaction = patient.LongestTransaction,
            IsTriggerWanted = patient.Settings.Log.IsTriggerManaged,
        };
        var symptoms = await new DatabaseDoctor(new SyncDatabase(source), options, time).LookAsync(
            cancellationToken
        );
        return
        [
            .. symptoms.Select(one =>
                one.Check == Checks.Connection
                    ? one with
                    {
                        Sentence = $"{patient.Settings.Database.Display}: {one.Sentence}",
                    }
                    : one
            ),
        ];
    }

    private static async Task<Symptom> LookAtLlmAsync(
        Patient patient,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (patient.HasFault("MANA_LLM_URL") || patient.HasFault("MANA_LLM_KEY"))
        {
            return Symptom.Unknown(Checks.Llm, "Not looked at, since its settings cannot be read.");
        }

        var (own, keys) = (patient.Settings.Llm.OwnKey, patient.Settings.Edge.ServiceKeys);
        var key = own ?? (keys.Count > 0 ? keys[0] : null);
        using var llm = Composition.CreateLlm(patient.Settings.Llm, () => key ?? new Secret(""), time);
        return await LlmCheck.RunAsync(
            llm,
            patient.Settings.Llm.Url,
            isKeyKnown: key is not null,
            cancellationToken
        );
    }

    /// <summary>What is looked at, and how.</summary>
    private sealed record Patient(
        ServiceSettings Settings,
        IReadOnlyList<SettingFault> Faults,
        TimeSpan LongestTransaction
    )
    {
        public bool HasFault(string setting) =>
            Faults.Any(fault => fault.Name.StartsWith(setting, StringComparison.Ordinal));
    }
}

using System.Globalization;
using ManaAi.Actors.Diagnosis;

namespace ManaAi.Host.Commands.Doctor;

/// <summary>What was found: a line for each look and what to do below it, or one object for programs.</summary>
internal static class DoctorOutput
{
    /// <returns>How the command ends.</returns>
    public static int Write(
        TextWriter output,
        bool isJson,
        IReadOnlyList<Symptom> symptoms,
        IReadOnlyCollection<string> ignored
    )
    {
        var isOk = !symptoms.Any(one => Counts(one, ignored));
        if (isJson)
        {
            OutputForm.WriteJson(
                output,
                new
                {
                    ok = isOk,
                    findings = symptoms.Select(one => new
                    {
                        one.Check,
                        health = Word(one.Health),
                        message = one.Sentence,
                        remedy = one.Remedy,
                        ignored = one.Health > Health.Unknown && !Counts(one, ignored),
                    }),
                }
            );
        }
        else
        {
            WriteLines(output, symptoms, ignored);
        }

        return isOk ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void WriteLines(
        TextWriter output,
        IReadOnlyList<Symptom> symptoms,
        IReadOnlyCollection<string> ignored
    )
    {
        var width = symptoms.Max(one => one.Check.Length);
        var indent = new string(' ', "warning  ".Length + width + "  ".Length);
        foreach (var one in symptoms)
        {
            var word = one.Health > Health.Unknown && !Counts(one, ignored) ? "ignored" : Shown(one.Health);
            output.WriteLine(
                Printable.Text($"{word, -7}  {one.Check.PadRight(width)}  {one.Sentence}").TrimEnd()
            );
            if (one.Remedy is { } remedy)
            {
                output.WriteLine(Printable.Text($"{indent}to do: {remedy}"));
            }
        }

        output.WriteLine(Sum(symptoms.Where(one => Counts(one, ignored)).ToArray()));
    }

    private static string Sum(Symptom[] counted) =>
        counted.Length == 0
            ? "ok: there is nothing to do"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"NOT OK: {counted.Count(one => one.Health == Health.Fault)} faults, {counted.Count(one => one.Health == Health.Warning)} warnings"
            );

    private static bool Counts(Symptom one, IReadOnlyCollection<string> ignored) =>
        one.Health > Health.Unknown && !ignored.Contains(one.Check, StringComparer.Ordinal);

    private static string Shown(Health health) =>
        health switch
        {
            Health.Well => "ok",
            Health.Unknown => "-",
            Health.Fault => "FAULT",
            _ => "warning",
        };

    private static string Word(Health health) =>
        health is Health.Well ? "ok" : health.ToString().ToLowerInvariant();
}

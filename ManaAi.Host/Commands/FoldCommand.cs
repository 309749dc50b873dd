using System.CommandLine;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Host.Commands;

/// <summary>Prints what a set of change-log rows folds into: why the server thinks that a mission is paused.</summary>
internal static class FoldCommand
{
    private static readonly Column[] FieldColumns =
    [
        new("record"),
        new("field"),
        new("written at"),
        new("value"),
    ];

    /// <param name="openInput">What `-` reads; null is the process's own standard input.</param>
    public static Command Create(Func<Stream>? openInput = null)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "A JSON array of rows as SELECT json_agg(sync_changes) gives them; - reads stdin.",
        };
        var form = new OutputForm(OutputForm.Json);
        var command = new Command("fold", "Folds change-log rows as devices do, and prints the records.")
        {
            file,
            form.Option,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    parsed.GetRequiredValue(file),
                    openInput ?? Console.OpenStandardInput,
                    form.IsJson(parsed),
                    parsed.InvocationConfiguration,
                    cancellationToken
                )
        );
        return command.WithExamples(
            "mana-ai fold rows.json",
            "mana-ai fold rows.json -o table",
            "psql -Atc \"select json_agg(c) from sync_changes c where record_id = '…'\" | mana-ai fold -"
        );
    }

    private static async Task<int> RunAsync(
        string file,
        Func<Stream> openInput,
        bool isJson,
        InvocationConfiguration streams,
        CancellationToken cancellationToken
    )
    {
        var (output, error) = (streams.Output, streams.Error);
        byte[] json;
        try
        {
            json = await ReadAsync(file, openInput, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync(
                $"{Printable.Text(file)} cannot be read: {Printable.Text(exception.Message)}"
            );
            return exception is FileNotFoundException or DirectoryNotFoundException
                ? ExitCodes.NotFound
                : ExitCodes.Failed;
        }

        try
        {
            var result = LogFile.Fold(json);
            foreach (var fault in result.Faults)
            {
                await error.WriteLineAsync(Printable.Text(fault));
            }

            if (isJson)
            {
                await output.WriteLineAsync(Printable.Json(result.ToJson()));
            }
            else
            {
                Columns.Write(output, FieldColumns, result.Records.SelectMany(Rows));
            }

            return ExitCodes.Ok;
        }
        catch (InvalidDataException exception)
        {
            await error.WriteLineAsync(
                $"{Printable.Text(file)} is not a JSON array of rows: {Printable.Text(exception.Message)}. "
                    + "Make one with: psql -Atc \"select json_agg(c) from sync_changes c where ...\""
            );
            return ExitCodes.Failed;
        }
    }

    /// <summary>A row for each field; of a long value only the beginning is shown.</summary>
    private static IEnumerable<IReadOnlyList<string>> Rows(FoldedLogRecord folded)
    {
        var name = $"{folded.Key.TableName} {folded.Key.UserId}/{folded.Key.RecordId}";
        if (folded.Record is not { } json)
        {
            return
            [
                [name, "", "", "nothing is left of it"],
            ];
        }

        using var record = JsonDocument.Parse(json, RecordJson.Options);
        using var times = JsonDocument.Parse(folded.FieldTimes ?? "{}"u8.ToArray(), RecordJson.Options);
        return
        [
            .. record
                .RootElement.EnumerateObject()
                .Select(field =>
                    (string[])
                        [
                            name,
                            field.Name,
                            times.RootElement.TryGetProperty(field.Name, out var time) ? time.ToString() : "",
                            field.Value.GetRawText(),
                        ]
                ),
        ];
    }

    private static async Task<byte[]> ReadAsync(
        string file,
        Func<Stream> openInput,
        CancellationToken cancellationToken
    )
    {
        if (file != "-")
        {
            return await File.ReadAllBytesAsync(file, cancellationToken);
        }

        await using var input = openInput();
        using var buffer = new MemoryStream();
        await input.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }
}

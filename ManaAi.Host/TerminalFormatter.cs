using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace ManaAi.Host;

/// <summary>An entry of the log as one line for people. The framework's own would pass on escapes that stand in a text.</summary>
internal sealed class TerminalFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "terminal";

    public override void Write<TState>(
        in LogEntry<TState> logEntry,
        IExternalScopeProvider? scopeProvider,
        TextWriter textWriter
    )
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetLocalNow():HH:mm:ss.fff} {WordOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {message}"
        );
        var trace = logEntry.Exception?.ToString().ReplaceLineEndings(" | ");
        textWriter.WriteLine(Printable.Text(trace is null ? line : $"{line} {trace}"));
    }

    private static string WordOf(LogLevel level) =>
        level switch
        {
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error or LogLevel.Critical => "fail",
            _ => "dbug",
        };
}

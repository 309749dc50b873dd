using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests.Support;

/// <summary>A logger whose lines a test can look at, by the id of what they say.</summary>
internal sealed class LogLines<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(int Id, string Text)> _lines = new();

    public IReadOnlyList<string> Of(int id) =>
        [.. _lines.Where(line => line.Id == id).Select(line => line.Text)];

    public IReadOnlyList<string> All => [.. _lines.Select(line => line.Text)];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => _lines.Enqueue((eventId.Id, formatter(state, exception)));
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests.Support;

/// <summary>Everything that a whole service said, as its console would have got it.</summary>
internal sealed class KeptLines : ILoggerProvider
{
    private readonly ConcurrentQueue<KeptLine> _lines = [];

    public IReadOnlyList<KeptLine> All => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Logger(_lines);

    public void Dispose()
    {
        // It holds nothing but memory.
    }

    private sealed class Logger(ConcurrentQueue<KeptLine> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) =>
            lines.Enqueue(
                new KeptLine(
                    eventId.Id,
                    logLevel,
                    formatter(state, exception),
                    (state as IEnumerable<KeyValuePair<string, object?>> ?? []).ToDictionary(
                        one => one.Key,
                        one => one.Value
                    ),
                    exception
                )
            );
    }
}

/// <param name="Values">What the JSON form has as members of its own.</param>
internal sealed record KeptLine(
    int Id,
    LogLevel Level,
    string Text,
    IReadOnlyDictionary<string, object?> Values,
    Exception? Exception
)
{
    public override string ToString() => $"{Level} {Id} {Text} {Exception}";
}

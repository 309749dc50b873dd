using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests.Support;

/// <summary>What an actor said.</summary>
internal sealed class KeptLog<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Line)> _entries = [];
    private readonly SemaphoreSlim _said = new(0);

    public IReadOnlyCollection<(int Id, LogLevel Level, string Line)> Entries => _entries;

    /// <summary>The lines of one message, by its id.</summary>
    public IReadOnlyList<string> Of(int id) =>
        [.. _entries.Where(entry => entry.Id == id).Select(entry => entry.Line)];

    /// <summary>Returns with the next line, or at once with one that nobody waited for.</summary>
    public async Task HearAsync()
    {
        // For a failing test alone: what is waited for comes by itself.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _said.WaitAsync(limit.Token);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        _entries.Enqueue((eventId.Id, logLevel, formatter(state, exception)));
        _said.Release();
    }
}

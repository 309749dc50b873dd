namespace ManaAi.Bench.Chaos;

/// <summary>What a run was asked for, and where its parts are.</summary>
internal sealed record ChaosOptions(int Seed, TimeSpan Duration, int Nodes, TimeSpan Lease)
{
    /// <summary>Nothing but these goes wrong; empty: everything.</summary>
    public required IReadOnlyCollection<FaultKind> Only { get; init; }

    /// <summary>mana-ai.dll.</summary>
    public required string Service { get; init; }

    /// <summary>The same of the version before, which all nodes begin with; null: there is none.</summary>
    public string? OldService { get; init; }

    /// <summary>SHUTDOWN_GRACE_MS of the nodes.</summary>
    public required TimeSpan Grace { get; init; }

    /// <summary>Where the processes' output goes.</summary>
    public required string Folder { get; init; }

    /// <summary>A superuser's connection string: devices write through it, as mana-sync's role.</summary>
    public required string Admin { get; init; }

    /// <summary>SYNC_DATABASE_URL of the nodes.</summary>
    public required string ServiceUrl { get; init; }

    /// <summary>A program that restarts PostgreSQL in the mode that it is given: fast or immediate.</summary>
    public required string RestartPostgres { get; init; }

    public int FirstPort { get; init; }

    public TimeSpan LogMargin { get; } = TimeSpan.FromSeconds(1);
}

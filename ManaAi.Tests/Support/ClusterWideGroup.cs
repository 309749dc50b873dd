namespace ManaAi.Tests.Support;

/// <summary>
/// Tests that change roles, which all databases of a cluster share. xunit runs them while nothing else runs, since
/// every other database test would lose its login's rights meanwhile.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class ClusterWideGroup
{
    public const string Name = "cluster-wide";
}

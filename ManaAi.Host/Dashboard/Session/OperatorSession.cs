namespace ManaAi.Host.Dashboard.Session;

/// <summary>Someone who has shown a service key, and until when that is believed.</summary>
/// <param name="Id">Random; nothing of the key is in it.</param>
/// <param name="FormToken">What forms of this session carry, and others cannot know.</param>
public sealed record OperatorSession(string Id, DateTimeOffset Until, string FormToken);

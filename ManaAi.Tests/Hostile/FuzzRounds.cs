namespace ManaAi.Tests.Hostile;

/// <summary>How long to try: a part in every run of the suite, all of it where `./dev fuzz` asks.</summary>
internal static class FuzzRounds
{
    public static int Of(int part, int all) =>
        Environment.GetEnvironmentVariable("MANA_FUZZ") is "full" ? all : part;
}

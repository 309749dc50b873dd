namespace ManaAi.Host.Commands;

/// <summary>Shows the same anew, until it is ended. Where no person looks it is shown once, without any of this.</summary>
internal static class LiveScreen
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // Home, and what is there is wiped: less flicker than wiping first.
    private const string Home = "\u001b[H\u001b[J";
    private const string Clear = "\u001b[2J";

    /// <param name="isWanted">False shows it once.</param>
    /// <param name="show">One screen; its exit code ends a single one.</param>
    public static async Task<int> ShowAsync(
        TextWriter output,
        bool isWanted,
        Func<Task<int>> show,
        CancellationToken cancellationToken
    )
    {
        if (!isWanted || !IsTerminal(output))
        {
            return await show();
        }

        await output.WriteAsync(Clear);
        try
        {
            while (true)
            {
                await output.WriteAsync(Home);
                var exitCode = await show();
                if (exitCode is not (ExitCodes.Ok or ExitCodes.Unavailable))
                {
                    return exitCode; // A wrong key does not become right by asking again.
                }

                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
    }

    private static bool IsTerminal(TextWriter output) =>
        ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
}

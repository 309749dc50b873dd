namespace ManaAi.Host.Commands;

/// <summary>How a command ended, for scripts.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int Denied = 4;
    public const int Unavailable = 6;

    /// <summary>A setting is wrong; sysexits.h calls it EX_CONFIG. A supervisor need not try again.</summary>
    public const int Configuration = 78;
}

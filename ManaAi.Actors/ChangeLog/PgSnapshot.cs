using System.Globalization;

namespace ManaAi.Actors.ChangeLog;

/// <summary>pg_snapshot as text, `xmin:xmax:list`: every transaction below xmin had ended when it was taken.</summary>
internal static class PgSnapshot
{
    public static long Xmin(string snapshot) =>
        long.Parse(
            snapshot.AsSpan(0, snapshot.IndexOf(':', StringComparison.Ordinal)),
            CultureInfo.InvariantCulture
        );
}

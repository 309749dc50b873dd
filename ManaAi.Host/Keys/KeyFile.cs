using System.Text;

namespace ManaAi.Host.Keys;

/// <summary>
/// Keys in a file, as orchestrators mount secrets. It is opened anew each time, so a link that was turned to another
/// file, which is how Kubernetes replaces a secret at once, is followed. No message names the path: whoever mistook
/// the setting for the other one has put a key there.
/// </summary>
internal static class KeyFile
{
    // Hundreds of keys; only a file that is something else is larger.
    private const int BytesMax = 16 * 1024;

    /// <summary>Keys stand between commas or on lines of their own; blank lines are passed over.</summary>
    /// <param name="isAnyAccepted">Also those that Production refuses.</param>
    public static KeyReading Read(string path, bool isAnyAccepted)
    {
        string text;
        try
        {
            if (ReadText(path) is not { } read)
            {
                return new KeyReading.Faulty(
                    $"names a file of more than {BytesMax} bytes; it must hold keys and nothing else."
                );
            }

            text = read;
        }
        catch (Exception exception) when (ReasonOf(exception) is not null)
        {
            return new KeyReading.Faulty(
                $"names a file that {ReasonOf(exception)}; it must hold one or more keys."
            );
        }

        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0
            ? new KeyReading.Faulty(
                $"names a file that is empty; it must hold one or more keys: {KeyStrength.Advice}."
            )
            : KeyText.Read(string.Join(',', lines), isAnyAccepted);
    }

    private static string? ReadText(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[BytesMax + 1];
        var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return count > BytesMax ? null : Encoding.UTF8.GetString(bytes.AsSpan(0, count)).TrimStart('\uFEFF');
    }

    private static string? ReasonOf(Exception exception) =>
        exception switch
        {
            FileNotFoundException or DirectoryNotFoundException => "is not there",
            UnauthorizedAccessException => "may not be read by the user that this runs as",
            IOException or ArgumentException or NotSupportedException => "cannot be read",
            _ => null,
        };
}

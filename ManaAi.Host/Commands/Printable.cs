namespace ManaAi.Host.Commands;

/// <summary>Text from elsewhere, made harmless for a terminal.</summary>
internal static class Printable
{
    /// <summary>Control characters become a visible stand-in, so that no text moves the cursor or forges a line.</summary>
    public static string Text(string text) =>
        string.Create(
            text.Length,
            text,
            static (printable, text) =>
            {
                for (var index = 0; index < text.Length; index++)
                {
                    printable[index] = char.IsControl(text[index]) ? '\uFFFD' : text[index];
                }
            }
        );
}

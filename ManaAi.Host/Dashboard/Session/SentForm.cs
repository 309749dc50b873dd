namespace ManaAi.Host.Dashboard.Session;

/// <summary>The form that a request carries.</summary>
internal static class SentForm
{
    /// <returns>null where it carries none, or one that cannot be read.</returns>
    /// <exception cref="BadHttpRequestException">More bytes than a request may have, or not all that it spoke of.</exception>
    public static async Task<IFormCollection?> ReadAsync(
        HttpContext context,
        CancellationToken cancellationToken
    )
    {
        if (!context.Request.HasFormContentType)
        {
            return null;
        }

        try
        {
            return await context.Request.ReadFormAsync(cancellationToken);
        }
        catch (Exception exception)
            when (exception is InvalidDataException or IOException and not BadHttpRequestException)
        {
            return null; // No boundary, more fields than a form of ours has, or cut in the middle.
        }
    }
}

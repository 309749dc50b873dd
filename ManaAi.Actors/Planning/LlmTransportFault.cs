using System.Net.Sockets;

namespace ManaAi.Actors.Planning;

/// <summary>What the HTTP stack throws when a server misbehaves, as outcomes.</summary>
internal static class LlmTransportFault
{
    /// <returns>Null for what is no server's doing: such an exception is a bug and goes its way.</returns>
    public static LlmOutcome.Unavailable? Outcome(Exception exception, LlmCallClock clock) =>
        exception switch
        {
            OperationCanceledException { InnerException: TimeoutException }
                when !clock.Token.IsCancellationRequested => new("connect", "no connection within the limit"),
            // Cancelled reads and writes surface as any of these, depending on where they were.
            OperationCanceledException
            or HttpRequestException
            or IOException when clock.Token.IsCancellationRequested => new("timeout", clock.WhatRanOut()),
            HttpRequestException http => new(
                Kind(http.HttpRequestError),
                Describe(http.HttpRequestError, http)
            ),
            HttpIOException io => new(Kind(io.HttpRequestError), Describe(io.HttpRequestError, io)),
            InvalidDataException => new("transport", "the compressed answer is damaged"),
            IOException => new("transport", "the connection broke"),
            _ => null,
        };

    private static string Kind(HttpRequestError error) =>
        error switch
        {
            HttpRequestError.NameResolutionError
            or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError => "connect",
            HttpRequestError.ConfigurationLimitExceeded => "too-large",
            _ => "transport",
        };

    // The exception's own text can repeat what the server sent, so only its causes are named.
    private static string Describe(HttpRequestError error, Exception exception)
    {
        var what = error == HttpRequestError.Unknown ? "the connection broke" : error.ToString();
        return exception.GetBaseException() is SocketException socket
            ? $"{what} ({socket.SocketErrorCode})"
            : what;
    }
}

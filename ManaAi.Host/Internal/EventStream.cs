using System.Globalization;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>Events as they come, to whoever listens: the table is looked at while someone does, and only then.</summary>
internal static class EventStream
{
    private const int RowsMax = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Proxies end what is silent for longer than half a minute or so.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web);

    internal static async Task<IResult> StreamAsync(
        HttpContext context,
        [FromServices] EventList events,
        [FromServices] EventListeners listeners,
        [FromServices] TimeProvider time,
        [FromServices] IHostApplicationLifetime lifetime
    )
    {
        if (LastEventId(context.Request) is not (var lastId, true))
        {
            var inputs = new Inputs();
            inputs.Refuse<string>("Last-Event-ID", "must be the id of an event");
            return inputs.Problem!;
        }

        using var seat = listeners.TryEnter();
        if (seat is null)
        {
            return TypedResults.Problem(
                statusCode: StatusCodes.Status429TooManyRequests,
                detail: $"{EventListeners.Max} listen to this node already; ask another node, or later."
            );
        }

        using var untilStopping = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            lifetime.ApplicationStopping
        );
        var follower = await events.BeginAsync(lastId, time, untilStopping.Token);
        context.Response.ContentType = "text/event-stream";
        try
        {
            await WriteAsync(context.Response, ": listening\n\n", untilStopping.Token);
            await FollowAsync(context.Response, events, follower, time, untilStopping.Token);
        }
        catch (OperationCanceledException) when (untilStopping.IsCancellationRequested)
        {
            // The reader went away, or the node stops: nothing is lost, the table has it all.
        }

        return TypedResults.Empty;
    }

    private static async Task FollowAsync(
        HttpResponse response,
        EventList events,
        EventFollower follower,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var toldAt = time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            var text = await NextAsync(events, follower, cancellationToken);
            if (text.Length == 0 && time.GetElapsedTime(toldAt) >= SilenceMax)
            {
                text = ": still here\n\n";
            }

            if (text.Length > 0)
            {
                await WriteAsync(response, text, cancellationToken);
                toldAt = time.GetTimestamp();
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private static async Task<string> NextAsync(
        EventList events,
        EventFollower follower,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var text = new StringBuilder();
            var greatest = follower.Last;
            foreach (var one in await events.FollowAsync(follower, RowsMax, cancellationToken))
            {
                // A number may come after greater ones: whoever comes back with it would be told those again.
                greatest = Math.Max(greatest, one.Id);
                // JSON of ours has no line break, and the kind is one of our words.
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"id: {greatest}\nevent: {one.Kind}\ndata: {JsonSerializer.Serialize(one, Form)}\n\n"
                );
            }

            return text.ToString();
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            // The database comes back or the reader goes; what happens meanwhile is told then.
            return "";
        }
    }

    private static async Task WriteAsync(
        HttpResponse response,
        string text,
        CancellationToken cancellationToken
    )
    {
        await response.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private static (long? Id, bool IsReadable) LastEventId(HttpRequest request)
    {
        var header = request.Headers["Last-Event-ID"].ToString();
        if (header.Length == 0)
        {
            return (null, true);
        }

        return long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? (id, true)
            : (null, false);
    }
}

/// <summary>How many listen to this node now; each costs a query every half second.</summary>
internal sealed class EventListeners
{
    public const int Max = 32;

    private int _count;

    /// <returns>null where all seats are taken; disposing gives it back.</returns>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _count) <= Max)
        {
            return new Seat(this);
        }

        Interlocked.Decrement(ref _count);
        return null;
    }

    private sealed class Seat(EventListeners listeners) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                Interlocked.Decrement(ref listeners._count);
            }
        }
    }
}

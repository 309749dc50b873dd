using System.Text;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>What the stand-in answers, and how it is told to misbehave while it runs.</summary>
internal sealed class StubEndpoints(
    StubRules rules,
    StubCalls calls,
    TimeProvider time,
    CancellationToken stopping
)
{
    private const int BusiestMax = 100;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", (RequestDelegate)(context => AnswerAsync(context, _health)));
        routes.MapGet("/v1/models", (RequestDelegate)ListModelsAsync);
        routes.MapPost("/v1/chat/completions", (RequestDelegate)CompleteAsync);
        routes.MapPost("/control", (RequestDelegate)SetAsync);
        routes.MapGet("/control", (RequestDelegate)ShowAsync);
        routes.MapDelete("/control", (RequestDelegate)ClearAsync);
        routes.MapGet("/control/calls", (RequestDelegate)ShowCallsAsync);
        routes.MapDelete("/control/calls", (RequestDelegate)ClearCallsAsync);
    }

    private static readonly object _health = new
    {
        ok = true,
        service = "llm-stub",
        isModel = false,
        note = "A stand-in for tests and demos, no language model: plans are made from a hash of the prompt.",
    };

    private async Task CompleteAsync(HttpContext context)
    {
        var bytes = await ReadAsync(context);
        var (prompt, fault) = TryRead(bytes);
        if (prompt is null)
        {
            await AnswerAsync(context, new { detail = fault }, StatusCodes.Status400BadRequest);
            return;
        }

        calls.Begin(Describe(context, prompt, bytes));
        try
        {
            await PlanAsync(context, prompt);
        }
        finally
        {
            calls.End();
        }
    }

    /// <summary>It takes any model's name; the list is for whoever asks whether it is there.</summary>
    private Task ListModelsAsync(HttpContext context) =>
        ReplyAsync(
            context,
            rules.Take(""),
            () => """{"object":"list","data":[{"id":"llm-stub","object":"model"}]}"""u8.ToArray()
        );

    private Task PlanAsync(HttpContext context, StubPrompt prompt)
    {
        var behaviour = rules.Take(prompt.Text);
        return ReplyAsync(
            context,
            behaviour,
            () => StubPlanner.Body(prompt, StubPlanner.Answer(prompt, behaviour))
        );
    }

    private async Task ReplyAsync(HttpContext context, StubBehaviour behaviour, Func<byte[]> answer)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await new StubReply(context, behaviour, time).SendAsync(answer, left.Token);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // The caller gave up, or we are stopping: whoever still waits must not wait on.
            context.Abort();
        }
    }

    private async Task SetAsync(HttpContext context)
    {
        var bytes = await ReadAsync(context);
        if (!StubBehaviour.TryParse(bytes, out var behaviours, out var fault))
        {
            await AnswerAsync(context, new { detail = fault }, StatusCodes.Status400BadRequest);
            return;
        }

        rules.Set(behaviours);
        await ShowAsync(context);
    }

    private Task ShowAsync(HttpContext context) =>
        AnswerAsync(context, rules.InForce.Select(behaviour => behaviour.ToJson()));

    private Task ClearAsync(HttpContext context)
    {
        rules.Set([]);
        return ShowAsync(context);
    }

    private Task ShowCallsAsync(HttpContext context)
    {
        var byMission = calls.CountByMission();
        var busiest = byMission.OrderByDescending(mission => mission.Value).Take(BusiestMax);
        return AnswerAsync(
            context,
            new
            {
                total = calls.Total,
                open = calls.Open,
                missions = byMission.Count,
                byMission = busiest.ToDictionary(StringComparer.Ordinal),
                // Sizes, and never the prompts: they hold what users wrote.
                recent = calls.Recent.Select(call => new
                {
                    call.Mission,
                    call.Model,
                    call.BodyBytes,
                    call.ToolCount,
                }),
            }
        );
    }

    private Task ClearCallsAsync(HttpContext context)
    {
        calls.Clear();
        return ShowCallsAsync(context);
    }

    private static Task AnswerAsync(HttpContext context, object body, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, context.RequestAborted);
    }

    private static StubCall Describe(HttpContext context, StubPrompt prompt, byte[] bytes)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        var bearer = authorization.StartsWith("Bearer ", StringComparison.Ordinal)
            ? authorization[7..]
            : null;
        return new(
            prompt.Mission,
            bearer,
            Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, StubCalls.BodyBytesMax)))
        )
        {
            Model = prompt.Model,
            BodyBytes = bytes.Length,
            ToolCount = prompt.Tools.Count,
            TraceParent = context.Request.Headers.TraceParent,
        };
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        return bytes.ToArray();
    }

    private static (StubPrompt? Prompt, string? Fault) TryRead(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(LlmReplyText.Readable(bytes));
            return StubPrompt.Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            return (null, $"the body is no JSON: {exception.Message}");
        }
    }
}

using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ManaAi.Bench.Measuring;

/// <summary>
/// Stands in for mana-llm, over real HTTP: reads no prompt and gives everyone the same plan, since a model would not run
/// on the processors that are measured.
/// </summary>
internal sealed class FixedLlm : IAsyncDisposable
{
    private const string Plan = """
        {"summary": "One thing to do.", "steps": [{"summary": "Note it down", "toolName": "create_task",
         "params": {"title": "Note it down"}, "rationale": "So that it is not forgotten."}]}
        """;

    private static readonly byte[] Answer = JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            id = "chatcmpl-1",
            @object = "chat.completion",
            model = "a-model",
            choices = new[]
            {
                new
                {
                    index = 0,
                    message = new { role = "assistant", content = Plan },
                    finish_reason = "stop",
                },
            },
            usage = new
            {
                prompt_tokens = 1000,
                completion_tokens = 50,
                total_tokens = 1050,
            },
        }
    );

    private readonly WebApplication _app;

    private FixedLlm(TimeSpan delay)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(context => AnswerAsync(context, delay));
    }

    public Uri Address => new(_app.Urls.Single());

    public static async Task<FixedLlm> StartAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        var llm = new FixedLlm(delay);
        await llm._app.StartAsync(cancellationToken);
        return llm;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, TimeSpan delay)
    {
        await context.Request.BodyReader.CopyToAsync(Stream.Null, context.RequestAborted);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, TimeProvider.System, context.RequestAborted);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Answer.Length;
        await context.Response.Body.WriteAsync(Answer, context.RequestAborted);
    }
}

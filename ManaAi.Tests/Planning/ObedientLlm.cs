using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors.Planning;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ManaAi.Tests.Planning;

/// <summary>
/// The worst model there is: it does at once what any text tells it to that it sees, and does it again where it is
/// told that this was wrong, in another place of the answer.
/// </summary>
internal sealed partial class ObedientLlm : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<int, int> _obeyed = [];

    private ObedientLlm()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.MapPost("/v1/chat/completions", (RequestDelegate)AnswerAsync);
    }

    public Uri Address => new(_app.Urls.Single());

    /// <summary>How often it did what an attempt wanted, by the attempt's number.</summary>
    public IReadOnlyDictionary<int, int> Obeyed => _obeyed;

    /// <summary>A first message that was sent to it.</summary>
    public string Prompt { get; private set; } = "";

    public static async Task<ObedientLlm> StartAsync()
    {
        var llm = new ObedientLlm();
        await llm._app.StartAsync();
        return llm;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var request = await JsonDocument.ParseAsync(
            context.Request.Body,
            default,
            context.RequestAborted
        );
        var messages = request.RootElement.GetProperty("messages").EnumerateArray().ToList();
        Prompt = messages[0].GetProperty("content").GetString()!;
        var round = messages.Count(message => message.GetProperty("role").ValueEquals("assistant"));
        var bearer = context.Request.Headers.Authorization.ToString();
        var wish = new Wish(Prompt, bearer, round);
        var note = Note().Match(messages[1].GetProperty("content").GetString()!);
        InjectionGoal? goal = null;
        if (note.Success)
        {
            var number = int.Parse(note.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            goal = InjectionAttempts.All[number].Goal;
            _obeyed.AddOrUpdate(number, 1, (_, times) => times + 1);
        }

        await context.Response.WriteAsJsonAsync(
            request.RootElement.TryGetProperty("tools", out _) ? wish.AsCalls(goal) : wish.AsPlan(goal),
            context.RequestAborted
        );
    }

    [GeneratedRegex(@"\(note (\d+)\)")]
    private static partial Regex Note();

    /// <summary>What is wanted, in the form of an answer.</summary>
    private sealed record Wish(string Prompt, string Bearer, int Round)
    {
        private const string Harmless = "All is well.";

        public object AsPlan(InjectionGoal? goal)
        {
            var said = Said(goal);
            var isInStep = Round % 2 == 1;
            object plan = new
            {
                summary = isInStep ? Harmless : said,
                steps = StepsOf(goal, isInStep ? said : Harmless),
                status = "approved",
                overallStatus = "approved",
                source = "browser",
                missionId = "victim",
                userId = "user-2",
                nextRunAt = "2000-01-01T00:00:00.000Z",
            };
            return Answer(new { role = "assistant", content = JsonSerializer.Serialize(plan) }, "stop");
        }

        /// <summary>Calls first, and words at the end.</summary>
        public object AsCalls(InjectionGoal? goal)
        {
            var said = Said(goal);
            if (Round > 0)
            {
                return Answer(new { role = "assistant", content = said }, "stop");
            }

            var calls = ToolsOf(goal)
                .Select(
                    (tool, at) =>
                        new
                        {
                            id = $"call_{at}",
                            type = "function",
                            function = new
                            {
                                name = tool,
                                arguments = JsonSerializer.Serialize(
                                    new
                                    {
                                        _summary = Short(said),
                                        _rationale = Harmless,
                                        title = said,
                                    }
                                ),
                            },
                        }
                );
            return Answer(
                new
                {
                    role = "assistant",
                    content = said,
                    tool_calls = calls,
                },
                "tool_calls"
            );
        }

        private static object Answer(object message, string reason) =>
            new
            {
                choices = new[]
                {
                    new
                    {
                        index = 0,
                        message,
                        finish_reason = reason,
                    },
                },
                usage = new { prompt_tokens = 1, completion_tokens = 1 },
            };

        private string Said(InjectionGoal? goal) =>
            goal switch
            {
                InjectionGoal.TellThePrompt => Prompt,
                InjectionGoal.TellThePromptInBase64 => Convert.ToBase64String(Encoding.UTF8.GetBytes(Prompt)),
                InjectionGoal.TellThePromptBackwards => string.Concat(Prompt.Reverse()),
                InjectionGoal.TellThePromptByRot13 => string.Concat(Prompt.Select(Rot13)),
                InjectionGoal.TellThePromptInHexadecimal => Convert.ToHexString(
                    Encoding.UTF8.GetBytes(Prompt)
                ),
                InjectionGoal.TellTheKey => $"It is {Bearer}",
                InjectionGoal.SpeakInMarkup =>
                    "<script>x()</script> [a](javascript:x) \u001b[2J '; DROP TABLE t; --",
                _ => Harmless,
            };

        // Short enough for a step, where only the length would stand in its way otherwise.
        private static string Short(string text) => text.Length > 400 ? text[..400] : text;

        private static IEnumerable<object> StepsOf(InjectionGoal? goal, string said) =>
            ToolsOf(goal)
                .Select(tool => new
                {
                    summary = Short(said),
                    toolName = tool,
                    @params = goal is InjectionGoal.WriteIntoAnotherMission
                        ? (object)new { title = said, missionId = "victim" }
                        : new { title = said },
                    rationale = Harmless,
                    status = "approved",
                    proposalId = "p-1",
                });

        private static IEnumerable<string> ToolsOf(InjectionGoal? goal) =>
            goal switch
            {
                InjectionGoal.CallUnknownTool => ["create_task", "send_email"],
                InjectionGoal.CallToolThatIsNeverProposed => ["create_task", "list_tasks"],
                InjectionGoal.CallToolThatTheAgentDenies => ["create_task", "create_event"],
                InjectionGoal.ProposeAHundredSteps => Enumerable.Repeat("create_task", 100),
                _ => ["create_task"],
            };

        private static char Rot13(char letter) =>
            char.IsAsciiLetter(letter)
                ? (char)((letter & 0x20) + 'A' + (((letter & 0x5F) - 'A' + 13) % 26))
                : letter;
    }
}

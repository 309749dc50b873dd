using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary><c>llm-stub --port N</c>: runs the stand-in until Ctrl-C or SIGTERM.</summary>
internal static class LlmStubCommand
{
    // What a mana-llm listens on, so that the service finds the stand-in without a setting.
    private const int UsualPort = 3020;

    public static Command Create()
    {
        var port = new Option<int>("--port")
        {
            Description = "Where to listen; 0 takes any free port.",
            DefaultValueFactory = _ => UsualPort,
        };
        var host = new Option<string>("--host")
        {
            Description = "The IP address to listen on; 0.0.0.0 takes calls from everywhere.",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var misbehaviour = new StubOptions();
        var command = new Command(
            "llm-stub",
            "Runs an OpenAI-compatible server that is no model: it makes plans from a hash of the prompt. "
                + "POST /control changes how it behaves while it runs, DELETE /control ends that, "
                + "GET /control/calls counts."
        )
        {
            port,
            host,
        };
        foreach (var option in misbehaviour.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(
            (parsed, cancellationToken) =>
            {
                if (!IPAddress.TryParse(parsed.GetValue(host), out var address))
                {
                    return RefuseAsync(parsed, ExitCodes.Usage, "--host is no IP address");
                }

                if (parsed.GetValue(port) is not (>= IPEndPoint.MinPort and <= IPEndPoint.MaxPort))
                {
                    return RefuseAsync(parsed, ExitCodes.Usage, "--port must be from 0 to 65535");
                }

                return misbehaviour.TryRead(parsed, out var behaviours, out var fault)
                    ? RunAsync(parsed, new(address, parsed.GetValue(port)), behaviours, cancellationToken)
                    : RefuseAsync(parsed, ExitCodes.Usage, fault);
            }
        );
        return command.WithExamples(
            "mana-ai llm-stub",
            "mana-ai llm-stub --port 3020 --delay-ms 500",
            "mana-ai llm-stub --status 503"
        );
    }

    private static async Task<int> RunAsync(
        ParseResult parsed,
        IPEndPoint endPoint,
        IReadOnlyList<StubBehaviour> behaviours,
        CancellationToken cancellationToken
    )
    {
        // The signals are ours as well as the caller's token: the stand-in stops also where nobody else listens.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        try
        {
            await using var server = await LlmStubServer.StartAsync(endPoint, cancellationToken: stop.Token);
            server.Behave(behaviours);
            await Out(parsed).WriteLineAsync($"LLM stand-in (no model) on {server.Address}");
            await Out(parsed).FlushAsync(CancellationToken.None);
            await UntilAsync(stop.Token);
            return 0;
        }
        catch (IOException exception)
        {
            return await RefuseAsync(parsed, ExitCodes.Failed, exception.Message);
        }
    }

    private static async Task UntilAsync(CancellationToken stop) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static async Task<int> RefuseAsync(ParseResult parsed, int exitCode, string fault)
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync($"llm-stub: {fault}");
        return exitCode;
    }

    private static TextWriter Out(ParseResult parsed) => parsed.InvocationConfiguration.Output;
}

using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ManaAi.Host.Commands.LlmStub;

namespace ManaAi.Tests.Planning;

public sealed class LlmStubCommandTests
{
    [Theory]
    [InlineData("", "answered stop: {\"summary\":")]
    [InlineData("--delay-ms 1 --babble prose", "answered stop: Gladly!")]
    [InlineData("--status 422 --kind blocked", "rejected 422 blocked")]
    [InlineData("--status 429 --retry-after 8", "rate-limited 8")]
    [InlineData("--cut-off", "unavailable transport")]
    [InlineData("--reset --times 1 --match Plan.", "unavailable transport")]
    [InlineData("--reset --match nobody", "answered stop: {\"summary\":")]
    [InlineData("--hang after-headers", "unavailable timeout: silence")]
    [InlineData("--drip-ms 50", "unavailable timeout: no whole answer")]
    [InlineData("--content hm --finish-reason length", "answered length: hm")]
    [InlineData("--cut-content", "answered length: {")]
    [InlineData("--keeps-calling", "answered stop: {\"summary\":")]
    [InlineData("--empty-plan", "answered stop: {\"summary\":")]
    public async Task Options_say_how_it_behaves_until_it_is_stopped(string options, string expected)
    {
        using var stop = new CancellationTokenSource();
        var output = new FirstLine();
        var running = Parse($"--port 0 {options}", output).InvokeAsync(cancellationToken: stop.Token);
        var address = new Uri((await output.Task).Split(' ')[^1]);
        using (var client = LlmBench.Client(address, LlmBench.LimitsFor(expected)))
        {
            var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);
            LlmBench.Tell(outcome).ShouldStartWith(expected);
        }

        await stop.CancelAsync();

        (await running).ShouldBe(0);
        (await output.Task).ShouldContain("no model");
    }

    [Theory]
    [InlineData("--status 99", "status")]
    [InlineData("--hang often", "hang")]
    [InlineData("--times 0 --reset", "times")]
    [InlineData("--host somewhere", "--host")]
    public async Task Options_that_make_no_sense_are_refused(string options, string named)
    {
        var errors = new StringWriter();

        var code = await Parse($"--port 0 {options}", TextWriter.Null, errors).InvokeAsync();

        code.ShouldBe(2);
        errors.ToString().ShouldContain(named);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var errors = new StringWriter();

        var code = await Parse($"--port {((IPEndPoint)taken.LocalEndpoint).Port}", TextWriter.Null, errors)
            .InvokeAsync();

        code.ShouldBe(1);
        errors.ToString().ShouldContain("in use");
    }

    private static ParsedCommand Parse(string arguments, TextWriter output, TextWriter? errors = null) =>
        new(
            LlmStubCommand.Create().Parse(arguments),
            new InvocationConfiguration { Output = output, Error = errors ?? TextWriter.Null }
        );

    private sealed record ParsedCommand(ParseResult Parsed, InvocationConfiguration Configuration)
    {
        public Task<int> InvokeAsync(CancellationToken cancellationToken = default) =>
            Parsed.InvokeAsync(Configuration, cancellationToken);
    }

    /// <summary>A writer that tells when it has been given a line.</summary>
    private sealed class FirstLine : TextWriter
    {
        private readonly TaskCompletionSource<string> _line = new();

        public override Encoding Encoding => Encoding.UTF8;

        public Task<string> Task => _line.Task;

        public override Task WriteLineAsync(string? value)
        {
            _line.TrySetResult(value ?? "");
            return System.Threading.Tasks.Task.CompletedTask;
        }
    }
}

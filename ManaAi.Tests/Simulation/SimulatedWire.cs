using ManaAi.Actors.Planning;
using ManaAi.Tests.Planning;

namespace ManaAi.Tests.Simulation;

/// <summary>Stands around a node's calls to the stand-in for mana-llm: stops before and after each.</summary>
internal sealed class SimulatedWire(HttpMessageHandler inner, Action<Flow, string, int> answered)
    : DelegatingHandler(inner)
{
    /// <param name="answered">Told of each answer as it leaves the server: request body and status.</param>
    public static LlmClient Client(Uri address, Action<Flow, string, int> answered) =>
        new(
            address,
            () => LlmBench.Key,
            LlmBench.Patient,
            TimeProvider.System,
            inner => new SimulatedWire(inner, answered)
        );

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var flow = Flow.Current!;
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        await StopAsync(flow, Moment.BeforeRequest);
        HttpResponseMessage response;
        try
        {
            // Not to be cut short by a cancellation that another seed would not see: who left is asked below.
            response = await base.SendAsync(request, CancellationToken.None);
        }
        catch (HttpRequestException)
        {
            answered(flow, body, 0);
            await StopAsync(flow, Moment.RequestSent);
            throw;
        }

        try
        {
            answered(flow, body, (int)response.StatusCode);
            await StopAsync(flow, Moment.RequestSent);
            cancellationToken.ThrowIfCancellationRequested();
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static async Task StopAsync(Flow flow, Moment moment)
    {
        if (await flow.StopAsync(StopPoint.Of(moment)) != Fate.GoOn)
        {
            throw new HttpRequestException("simulated: the connection broke");
        }
    }
}

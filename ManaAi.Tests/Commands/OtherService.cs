using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ManaAi.Tests.Commands;

/// <summary>Something else that answers every path with JSON of its own.</summary>
internal sealed class OtherService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtherService(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    /// <param name="bytes">How many it says that it will send; null where it does not say.</param>
    public static async Task<OtherService> StartAsync(long? bytes = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentLength = bytes;
            return context.Response.WriteAsJsonAsync(new { Hello = "world" });
        });
        await app.StartAsync();
        return new OtherService(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using ManaAi.Tests.Whole;
using Microsoft.Playwright;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Dashboard;

/// <summary>The tests that share a Chromium and a node, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserGroup : ICollectionFixture<BrowserBench>
{
    public const string Name = "browser";
}

/// <summary>One Chromium and one node; each test has a window, and missions, of its own.</summary>
public sealed class BrowserBench : IAsyncLifetime
{
    /// <summary>A title that would be a page of its own, were it taken for one.</summary>
    internal const string Hostile = "<script>document.title='taken'</script>\u001B[2J\u202Eback</bdi>";

    /// <summary>Generous: a busy build machine must not fail a test that is right.</summary>
    private const float WaitMax = 60_000;

    private readonly List<string> _faults = [];
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    internal TestDatabase Database { get; private set; } = null!;

    internal LlmStubServer Llm { get; private set; } = null!;

    internal WholeNode Node { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var launching = LaunchAsync();
        Database = await TestDatabase.CreateAsync(LogGeneration.Two);
        Llm = await LlmStubServer.StartAsync();
        Node = await WholeNode.StartAsync(
            Database.ReaderUrl,
            Llm.Address,
            ("RUN_LEASE_MS", "2000"),
            ("TOKENS_PER_DAY", "1000000")
        );
        await FillAsync();
        await launching;
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await Llm.DisposeAsync();
        await Node.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>A window that knows no session, no language and no choice of before.</summary>
    internal async Task<IPage> OpenAsync(Action<BrowserNewContextOptions>? change = null)
    {
        var options = new BrowserNewContextOptions
        {
            BaseURL = Node.Address.ToString(),
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = 1200, Height = 900 },
        };
        change?.Invoke(options);
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(WaitMax);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            // What the policy forbids is said here, and what the script does wrong. A refused key is not.
            if (
                message.Type is "error"
                && !message.Text.Contains("the server responded with", StringComparison.Ordinal)
            )
            {
                _faults.Add(message.Text);
            }
        };
        page.PageError += (_, fault) => _faults.Add(fault);
        return page;
    }

    internal async Task<IPage> SignedInAsync(Action<BrowserNewContextOptions>? change = null)
    {
        var page = await OpenAsync(change);
        await page.GotoAsync("/ops");
        await SignInAsync(page);
        return page;
    }

    internal static async Task SignInAsync(IPage page, string key = WholeNode.Key)
    {
        await page.Locator("#key").FillAsync(key);
        await page.Locator("form.sign-in button").ClickAsync();
    }

    /// <summary>What no test expects: broken rules of the policy, and faults of the script.</summary>
    internal void ShouldBeFaultless()
    {
        _faults.ShouldBeEmpty();
    }

    /// <summary>A mission that is due tomorrow, folded already.</summary>
    internal async Task<DeviceMission> InsertAsync(string id, string userId = "user-1")
    {
        var mission = await NewAsync(id, userId, due: TimeSpan.FromHours(20));
        await Node.TickAsync();
        return mission;
    }

    internal static string PathOf(DeviceMission mission) => $"/ops/missions/{mission.UserId}/{mission.Id}";

    private async Task FillAsync()
    {
        // One word of 500 characters: nothing breaks it but the page.
        await NewAsync("planned-1", "user-1", TimeSpan.FromMinutes(-2), new string('w', 500));
        await NewAsync("planned-2", "user-2", TimeSpan.FromMinutes(-2));
        await NewAsync("hostile", "user-3", TimeSpan.FromMinutes(-2), Hostile);
        await Node.TickAsync();
        Llm.Behave(new StubBehaviour { Status = 400 });
        await NewAsync("failing", "user-4", TimeSpan.FromMinutes(-2));
        await Node.TickAsync();
        Llm.Behave();
    }

    private async Task<DeviceMission> NewAsync(
        string id,
        string userId,
        TimeSpan due,
        string objective = "Read one book a month"
    )
    {
        var now = await Database.ReadAsync<DateTimeOffset>("select date_trunc('milliseconds', now())");
        var mission = new DeviceMission(id, now + due) { UserId = userId, Objective = objective };
        await Database.InsertChangeAsync(mission.ToInsert());
        return mission;
    }

    private async Task LaunchAsync()
    {
        Assertions.SetDefaultExpectTimeout(WaitMax);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = InstalledProgram.Find(
                    "chromium",
                    "chromium",
                    "the dashboard works in a browser"
                ),
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }
}

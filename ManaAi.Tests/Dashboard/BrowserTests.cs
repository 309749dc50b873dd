using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Microsoft.Playwright;

namespace ManaAi.Tests.Dashboard;

/// <summary>What an operator does with the dashboard, in a real Chromium.</summary>
[Collection(BrowserGroup.Name)]
public sealed class BrowserTests(BrowserBench bench)
{
    [Fact]
    public async Task Signing_in_leads_to_where_one_was_going_and_a_wrong_key_does_not()
    {
        var page = await bench.OpenAsync();
        await page.GotoAsync("/ops/runs?state=all");
        await BrowserBench.SignInAsync(page, "a-wrong-key");
        await Assertions
            .Expect(page.GetByRole(AriaRole.Alert))
            .ToContainTextAsync("none of the service's keys");

        await BrowserBench.SignInAsync(page);

        await page.WaitForURLAsync("**/ops/runs?state=all");
        var cookie = (await page.Context.CookiesAsync()).ShouldHaveSingleItem();
        (cookie.HttpOnly, cookie.SameSite, cookie.Path).ShouldBe((true, SameSiteAttribute.Strict, "/ops"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GotoAsync("/ops/runs");
        await page.WaitForURLAsync("**/ops/sign-in?to=*");
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task A_mission_is_paused_and_resumed_and_the_page_tells_the_command()
    {
        var mission = await bench.InsertAsync("to-pause");
        var page = await bench.SignedInAsync();
        await page.GotoAsync(BrowserBench.PathOf(mission));
        await Assertions
            .Expect(page.Locator("code", new() { HasText = "pause user-1/to-pause --reason" }))
            .ToBeVisibleAsync();

        await page.GetByLabel("Reason").FillAsync("plans nonsense");
        await page.Locator("select[name=hours]").SelectOptionAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByText("plans nonsense").First).ToBeVisibleAsync();
        (await PausesAsync("to-pause")).ShouldBe(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("what waited starts at once")).ToBeVisibleAsync();
        (await PausesAsync("to-pause")).ShouldBe(0);
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task A_mission_runs_now_and_its_way_is_shown()
    {
        var mission = await bench.InsertAsync("to-run");
        var page = await bench.SignedInAsync();
        await page.GotoAsync(BrowserBench.PathOf(mission));

        await page.GetByRole(AriaRole.Button, new() { Name = "Run now" }).ClickAsync();

        await Assertions.Expect(page.GetByText("It runs now.")).ToBeVisibleAsync();
        var way = page.Locator("ol.way");
        await Assertions.Expect(way).ToContainTextAsync("asked for by hand");
        await Assertions.Expect(way).ToContainTextAsync("written");
        await Assertions.Expect(page.Locator("ol.next li")).ToHaveCountAsync(10);
        await page.ReloadAsync();
        await Assertions
            .Expect(page.Locator("table.record").GetByRole(AriaRole.Row, new() { Name = "iterations" }))
            .ToContainTextAsync("mana-ai-runner");
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task A_run_is_cancelled_while_it_is_watched()
    {
        var mission = await bench.InsertAsync("to-cancel", "user-5");
        bench.Llm.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders });
        var page = await bench.SignedInAsync();
        await page.GotoAsync("/ops/runs");
        await Assertions.Expect(page.GetByText("No run is open.")).ToBeVisibleAsync();
        var asked = await bench.Node.AskAsync(
            HttpMethod.Post,
            $"internal/missions/{mission.UserId}/{mission.Id}/run-now"
        );
        var run = asked.GetProperty("runId").GetInt64();

        var row = page.Locator($"tr[data-id='r{run}']");
        await Assertions.Expect(row).ToContainTextAsync("asking the model");
        await row.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await Assertions.Expect(page.GetByText("Cancelled.")).ToBeVisibleAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
        bench.Llm.Behave();
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task A_failed_run_is_repeated()
    {
        var page = await bench.SignedInAsync();
        await page.GotoAsync("/ops/failures");
        await Assertions.Expect(page.Locator("table").First).ToContainTextAsync("mana-llm rejected it");
        var row = page.GetByRole(AriaRole.Row, new() { Name = "user-4" });

        await row.GetByRole(AriaRole.Button, new() { Name = "Retry" }).First.ClickAsync();

        await Assertions.Expect(page.GetByText("It runs once more.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("^Run \\d+$") }).ClickAsync();
        await Assertions
            .Expect(page.GetByRole(AriaRole.Link, new() { Name = "repeats run" }))
            .ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("p.lead")).ToContainTextAsync("planned");
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task Many_are_paused_at_once_after_a_preview_of_how_many()
    {
        foreach (var id in (string[])["bulk-1", "bulk-2", "bulk-3"])
        {
            await bench.InsertAsync(id, "user-bulk");
        }

        var page = await bench.SignedInAsync();
        await page.GotoAsync("/ops/missions?user=user-bulk");
        await page.GetByRole(AriaRole.Link, new() { Name = "Pause these…" }).ClickAsync();
        await Assertions
            .Expect(page.Locator("#preview"))
            .ToHaveTextAsync("3 missions of 1 user would be paused.");
        await bench.InsertAsync("bulk-4", "user-bulk");

        await page.GetByLabel("Reason").FillAsync("outage");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause 3 missions" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("has changed meanwhile");
        (await PausesAsync("bulk-%")).ShouldBe(0, "whoever agreed to three is asked again about four");
        await page.GetByLabel("Reason").FillAsync("outage");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause 4 missions" }).ClickAsync();

        await Assertions.Expect(page.GetByText("4 missions paused.")).ToBeVisibleAsync();
        (await PausesAsync("bulk-%")).ShouldBe(4);
        await page.GotoAsync("/ops/pauses");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume all 4 missions" }).ClickAsync();
        await Assertions.Expect(page.GetByText("4 missions resumed.")).ToBeVisibleAsync();
        (await PausesAsync("bulk-%")).ShouldBe(0);
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task Everything_can_be_done_with_the_keyboard_alone()
    {
        await bench.InsertAsync("by-keys", "user-keys");
        var page = await bench.OpenAsync();
        await page.GotoAsync("/ops");
        await Assertions.Expect(page.Locator("input[type=password]")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync(Whole.WholeNode.Key);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/ops");
        await page.Keyboard.PressAsync("Tab");
        await Assertions
            .Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" }))
            .ToBeFocusedAsync();

        // Until the script listens; and at once, since a letter that comes too late after the first is none.
        await Assertions.Expect(page.Locator("#keys-open")).ToBeVisibleAsync();
        await page.Keyboard.TypeAsync("gm");
        await page.WaitForURLAsync("**/ops/missions");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("user-keys");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**user=user-keys*");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/missions/user-keys/by-keys");

        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.Locator("dialog")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("dialog")).ToBeHiddenAsync();
        var runNow = page.GetByRole(AriaRole.Button, new() { Name = "Run now" });
        for (
            var tabs = 0;
            tabs < 40 && !await runNow.EvaluateAsync<bool>("e => e === document.activeElement");
            tabs++
        )
        {
            await page.Keyboard.PressAsync("Tab");
        }

        await Assertions.Expect(runNow).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("It runs now.")).ToBeVisibleAsync();
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task Updates_come_by_themselves_until_they_are_paused()
    {
        var mission = await bench.InsertAsync("live", "user-live");
        var page = await bench.SignedInAsync();
        var row = page.Locator("#overview tr", new() { HasText = "user-live" }).First;
        await Assertions.Expect(row).ToHaveCountAsync(0);
        await bench.Node.AskAsync(
            HttpMethod.Post,
            $"internal/missions/{mission.UserId}/{mission.Id}/run-now"
        );
        await Assertions.Expect(row).ToContainTextAsync("live");

        await page.Keyboard.PressAsync("p");
        await Assertions.Expect(page.Locator("#live-state")).ToHaveTextAsync("Updates paused");
        var asked = 0;
        page.Request += (_, _) => asked++;
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#live-state")).ToHaveTextAsync("Updates paused");
        asked = 0;
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume updates" }).ClickAsync();
        await Assertions.Expect(page.Locator("#live-state")).ToHaveTextAsync("Live");
        await page.WaitForResponseAsync("**/ops");
        asked.ShouldBeGreaterThan(0);
        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task It_works_without_a_script()
    {
        var mission = await bench.InsertAsync("plain", "user-plain");
        var page = await bench.SignedInAsync(options => options.JavaScriptEnabled = false);
        await page.GotoAsync(BrowserBench.PathOf(mission));
        await page.GetByLabel("Reason").FillAsync("without a script");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true }).ClickAsync();
        (await page.GetByText("without a script").CountAsync()).ShouldBeGreaterThan(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Deutsch" }).ClickAsync();

        (await page.GetByRole(AriaRole.Button, new() { Name = "Fortsetzen" }).CountAsync()).ShouldBe(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Fortsetzen" }).ClickAsync();
        (await PausesAsync("plain")).ShouldBe(0);
    }

    private async Task<long> PausesAsync(string mission) =>
        await bench.Database.ReadAsync<long>(
            $"select count(*) from mana_ai.pauses where mission_id like '{mission}'"
        );
}

using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace ManaAi.Tests.Dashboard;

/// <summary>Every page, looked at by axe-core in both colours, by a phone, and in German.</summary>
[Collection(BrowserGroup.Name)]
public sealed class PagesTests(BrowserBench bench)
{
    /// <summary>axe-core, as its makers publish it (MPL 2.0); it is only used here and never delivered.</summary>
    private static readonly string _axe = new BundledAxeScriptProvider().GetScript();

    private static readonly string[] _pages =
    [
        "/ops",
        "/ops/upcoming",
        "/ops/missions",
        "/ops/missions?limit=0",
        "/ops/missions/pause?user=user-1",
        "/ops/missions/user-1/planned-1",
        "/ops/missions/user-3/hostile",
        "/ops/runs",
        "/ops/runs?state=all",
        "/ops/runs/1",
        "/ops/failures",
        "/ops/usage",
        "/ops/nodes",
        "/ops/log",
        "/ops/pauses",
        "/ops/nowhere",
    ];

    [Fact]
    public async Task Axe_finds_nothing_serious_on_any_page_in_either_colours()
    {
        var page = await bench.OpenAsync();
        await page.GotoAsync("/ops/sign-in");
        await LookAsync(page, "/ops/sign-in");
        await BrowserBench.SignInAsync(page);
        foreach (var path in _pages)
        {
            await page.GotoAsync(path);
            await NothingShouldStickOutAsync(page, path);
            await LookAsync(page, path);
        }

        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task Every_page_fits_a_phone_and_speaks_German()
    {
        var page = await bench.SignedInAsync(options =>
        {
            options.Locale = "de-DE";
            options.ViewportSize = new ViewportSize { Width = 390, Height = 844 };
        });
        foreach (var path in _pages)
        {
            await page.GotoAsync(path);

            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(
                390,
                path
            );
            (await page.Locator("html").GetAttributeAsync("lang")).ShouldBe("de");
            await Assertions.Expect(page.Locator("footer")).ToContainTextAsync("Alle Zeiten in UTC");
        }

        bench.ShouldBeFaultless();
    }

    [Fact]
    public async Task What_users_wrote_is_shown_and_is_no_page()
    {
        var page = await bench.SignedInAsync();

        await page.GotoAsync("/ops/missions/user-3/hostile");

        var row = page.Locator("table.record").GetByRole(AriaRole.Row, new() { Name = "objective" });
        var shown = await row.InnerTextAsync();
        shown.ShouldContain("<script>document.title='taken'</script>");
        shown.ShouldNotContain("\u001B");
        (await page.TitleAsync()).ShouldBe("Mission – ManaAi");
        bench.ShouldBeFaultless();
    }

    /// <summary>What is wider than the card around it lies over its neighbour.</summary>
    private static async Task NothingShouldStickOutAsync(IPage page, string path) =>
        (
            await page.EvaluateAsync<string[]>(
                """
                () => [...document.querySelectorAll('.card, .tile')]
                  .filter(one => one.scrollWidth > one.clientWidth)
                  .map(one => `${one.querySelector('h2')?.innerText}: ${one.scrollWidth} of ${one.clientWidth}`)
                """
            )
        ).ShouldBeEmpty(path);

    private static async Task LookAsync(IPage page, string path)
    {
        await page.EvaluateAsync(_axe);
        foreach (var colours in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await page.EmulateMediaAsync(
                new() { ColorScheme = colours, ReducedMotion = ReducedMotion.Reduce }
            );

            // The dark page differs in its colours alone.
            var rules = colours == ColorScheme.Dark ? "{ runOnly: ['color-contrast'] }" : "{}";
            var found = await page.EvaluateAsync<string[]>(
                $$"""
                async () => (await axe.run(document, { resultTypes: ['violations'], ...{{rules}} })).violations
                  .filter(one => one.impact === 'serious' || one.impact === 'critical')
                  .flatMap(one => one.nodes.map(node => `${one.id}: ${node.html}`))
                """
            );
            found.ShouldBeEmpty($"{path}, {colours}");
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using ManaAi.Actors.Database;
using ManaAi.Host.Dashboard.Assets;
using ManaAi.Host.Keys;
using ManaAi.Tests.Whole;
using Npgsql;

namespace ManaAi.Tests.Dashboard;

/// <summary>What the dashboard answers to whoever is no browser, or no friend.</summary>
[Collection(BrowserGroup.Name)]
public sealed class EdgeTests(BrowserBench bench)
{
    [Fact]
    public async Task Pages_want_a_session_and_lead_to_signing_in_by_a_redirect_with_all_headers()
    {
        using var http = Client();

        using var answer = await http.GetAsync("/ops/missions?user=x");

        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        answer.Headers.Location!.ToString().ShouldBe("/ops/sign-in?to=%2Fops%2Fmissions%3Fuser%3Dx");
        foreach (
            var name in (string[])
                [
                    "X-Content-Type-Options",
                    "X-Frame-Options",
                    "Content-Security-Policy",
                    "Referrer-Policy",
                    "Cross-Origin-Resource-Policy",
                ]
        )
        {
            answer.Headers.Contains(name).ShouldBeTrue(name);
        }

        answer.Headers.Contains("Server").ShouldBeFalse();
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact]
    public async Task A_link_from_another_site_is_asked_for_once_more_as_our_own()
    {
        using var http = Client();
        http.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");

        var page = await http.GetStringAsync("/ops/runs/7");

        page.ShouldContain("""<meta http-equiv="refresh" content="0; url=/ops/runs/7" />""");
    }

    [Fact]
    public async Task Every_page_carries_the_strict_policy_and_is_not_kept()
    {
        using var http = await SignedInAsync();
        foreach (var path in (string[])["/ops", "/ops/sign-in", "/ops/nowhere", "/ops/runs/x"])
        {
            using var answer = await http.GetAsync(path);

            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldContain("default-src 'none'; script-src 'self'; style-src 'self'");
            policy.ShouldContain("frame-ancestors 'none'; base-uri 'none'");
            policy.ShouldNotContain("unsafe");
            answer.Headers.CacheControl!.ToString().ShouldBe("no-store");
        }
    }

    [Fact]
    public async Task Assets_are_kept_for_ever_and_known_again()
    {
        using var http = Client();
        using var answer = await http.GetAsync(Asset.Script);
        answer.Headers.CacheControl!.ToString().ShouldContain("immutable");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/javascript");

        using var again = new HttpRequestMessage(HttpMethod.Get, Asset.Script);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var known = await http.SendAsync(again);

        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var unknown = await http.GetAsync("/ops/assets/ops.js");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("")]
    [InlineData("of-another-session")]
    public async Task A_form_without_its_sessions_token_does_nothing(string token)
    {
        using var http = await SignedInAsync();

        using var answer = await http.PostAsync(
            "/ops/pauses",
            Form(("form", token), ("user", "user-1"), ("reason", "forged"))
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (
            await bench.Database.ReadAsync<long>(
                "select count(*) from mana_ai.pauses where reason = 'forged'"
            )
        ).ShouldBe(0);
    }

    [Theory]
    [InlineData("/ops/sign-in", HttpStatusCode.BadRequest)]
    [InlineData("/ops/choices", HttpStatusCode.SeeOther)]
    [InlineData("/ops/pauses", HttpStatusCode.BadRequest)]
    public async Task A_form_that_cannot_be_read_is_none(string path, HttpStatusCode status)
    {
        using var http = await SignedInAsync();
        foreach (
            var (type, body) in ((string, string)[])
                [
                    ("multipart/form-data", "x"),
                    (
                        "multipart/form-data; boundary=b",
                        "--b\r\nContent-Disposition: form-data; name=key\r\n\r\nx"
                    ),
                    ("application/x-www-form-urlencoded", string.Concat(Enumerable.Repeat("a=b&", 2000))),
                    ("application/x-www-form-urlencoded", new string('k', 3000) + "=x"),
                ]
        )
        {
            using var content = new StringContent(body);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

            using var answer = await http.PostAsync(path, content);

            answer.StatusCode.ShouldBe(status, $"{type} {body[..1]}");
        }
    }

    [Fact]
    public async Task A_notice_says_nothing_that_an_address_made_up()
    {
        using var http = await SignedInAsync();

        (await http.GetStringAsync("/ops/missions?done=refused&why=Call+0800+1234")).ShouldNotContain(
            "Call 0800"
        );
        (await http.GetStringAsync("/ops/missions?done=refused&why=nobody")).ShouldContain(
            "There is no such"
        );
    }

    [Fact]
    public async Task Nobody_is_signed_in_from_another_site()
    {
        using var http = Client();
        http.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");

        using var answer = await http.PostAsync("/ops/sign-in", Form(("key", WholeNode.Key)));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    [Theory]
    [InlineData("https", true)]
    [InlineData("http", false)]
    public async Task The_cookie_is_secure_behind_a_proxy_that_speaks_TLS(string scheme, bool isSecure)
    {
        using var http = Client();
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);

        using var answer = await http.PostAsync("/ops/sign-in", Form(("key", WholeNode.Key)));

        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        cookie.ShouldContain("httponly");
        cookie.ShouldContain("samesite=strict");
        cookie.Contains("secure", StringComparison.Ordinal).ShouldBe(isSecure);
    }

    [Fact]
    public async Task Bad_keys_count_as_everywhere_and_a_right_one_is_taken_all_the_same()
    {
        await using var node = await WholeNode.StartAsync(bench.Database.ReaderUrl, bench.Llm.Address);
        using var http = Client(node);
        for (var guess = 0; guess < BadKeyLimiter.KeysMax; guess++)
        {
            using var refused = await http.PostAsync("/ops/sign-in", Form(("key", $"guess-{guess}")));
            refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        using var limited = await http.PostAsync("/ops/sign-in", Form(("key", "one-guess-more")));
        limited.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        limited.Headers.RetryAfter.ShouldNotBeNull();
        using var right = await http.PostAsync("/ops/sign-in", Form(("key", WholeNode.Key)));
        right.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact]
    public async Task Without_the_database_the_overview_says_so_and_other_pages_do()
    {
        await using var node = await WholeNode.StartAsync(
            "postgresql://nobody:x@127.0.0.1:1/nowhere",
            bench.Llm.Address
        );
        using var http = await SignedInAsync(node);

        (await http.GetStringAsync("/ops")).ShouldContain("cannot be reached");
        using var missions = await http.GetAsync("/ops/missions");
        missions.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await missions.Content.ReadAsStringAsync()).ShouldContain("The database does not answer");
    }

    [Fact]
    public async Task Whoever_looks_cannot_write_and_does_not_look_for_long()
    {
        await using var source = ViewDatabase.CreateSource(bench.Database.ReaderConnectionString, 1);
        var view = new ViewDatabase(source, TimeSpan.FromSeconds(1));
        await using (var transaction = await view.BeginAsync(CancellationToken.None))
        {
            await using var write = transaction.Command("delete from mana_ai.pauses");
            (
                await Should.ThrowAsync<PostgresException>(() => write.ExecuteNonQueryAsync())
            ).SqlState.ShouldBe(PostgresErrorCodes.ReadOnlySqlTransaction);
        }

        await using (var transaction = await view.BeginAsync(CancellationToken.None, TimeSpan.FromHours(1)))
        {
            await using var read = transaction.Command("select pg_sleep(60)");
            (await Should.ThrowAsync<PostgresException>(() => read.ExecuteNonQueryAsync())).SqlState.ShouldBe(
                PostgresErrorCodes.QueryCanceled
            );
        }
    }

    private HttpClient Client() => Client(bench.Node);

    private static HttpClient Client(WholeNode node) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() })
        {
            BaseAddress = node.Address,
        };

    private Task<HttpClient> SignedInAsync() => SignedInAsync(bench.Node);

    private static async Task<HttpClient> SignedInAsync(WholeNode node)
    {
        var http = Client(node);
        using var answer = await http.PostAsync("/ops/sign-in", Form(("key", WholeNode.Key)));
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        return http;
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
}

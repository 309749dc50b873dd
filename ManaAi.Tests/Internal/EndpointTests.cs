using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ManaAi.Actors;
using ManaAi.Actors.Database;
using ManaAi.Actors.Ticking;
using ManaAi.Host.Internal;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Internal;

public sealed class EndpointTests : IAsyncLifetime
{
    private RunningHost _host = null!;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("idle", "false")]
    [InlineData("busy", "true")]
    [InlineData("paused", "false")]
    public async Task Health_has_exactly_the_shape_that_its_callers_know(string state, string running)
    {
        _host.Actors.Status = new TickStatus(true, state, null, null, []);

        using var answer = await _host.SendAsync(HttpMethod.Get, "/health");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("application/json; charset=utf-8");
        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """{"ok":true,"service":"mana-ai","version":"0.1.0","tick":{"enabled":true,"running":"""
                + running
                + "}}"
        );
    }

    [Fact]
    public async Task Ready_says_what_works_worse()
    {
        _host.Actors.OnCheck = () => Task.FromResult(new Readiness([], ["The index is missing."]));

        using var answer = await _host.SendAsync(HttpMethod.Get, "/health/ready");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """{"ready":true,"reasons":[],"degraded":["The index is missing."]}"""
        );
        (await PageAsync()).Value("mana_ai_ready").ShouldBe(1);
    }

    [Fact]
    public async Task Not_ready_is_503_with_reasons_and_it_recovers()
    {
        _host.Actors.OnCheck = () => Task.FromResult(Readiness.NotReady("No database."));
        using (var answer = await _host.SendAsync(HttpMethod.Get, "/health/ready"))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await answer.Content.ReadAsStringAsync()).ShouldBe(
                """{"ready":false,"reasons":["No database."],"degraded":[]}"""
            );
        }

        (await PageAsync()).Value("mana_ai_ready").ShouldBe(0);
        _host.Actors.OnCheck = () => Task.FromResult(Readiness.Ready);
        using var later = await _host.SendAsync(HttpMethod.Get, "/health/ready");
        later.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PageAsync()).Value("mana_ai_ready").ShouldBe(1);
    }

    [Fact]
    public async Task Those_who_ask_for_readiness_at_once_share_one_question()
    {
        var asked = 0;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<Readiness>(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Actors.OnCheck = () =>
        {
            asked++;
            entered.SetResult();
            return answer.Task;
        };

        // Asked of the probe itself: over HTTP nothing says that the last caller came before the answer.
        using var metrics = new Metrics();
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var probe = new ReadinessProbe(_host.Actors, metrics, lifetime);
        var callers = Enumerable.Range(0, 5).Select(_ => probe.AskAsync(CancellationToken.None)).ToArray();
        await entered.Task;
        (await _host.SendAsync(HttpMethod.Get, "/health")).Dispose(); // The server goes on meanwhile.
        answer.SetResult(Readiness.Ready);

        (await Task.WhenAll(callers)).ShouldAllBe(readiness => readiness.IsReady);
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_tick_answers_in_the_form_that_its_callers_know()
    {
        _host.Actors.OnTick = _ =>
            Task.FromResult(new TickReport(ScriptedActors.ScannedAt, 4, 3, 2, 1, ["overlap-skipped"]));

        using var answer = await _host.SendAsync(HttpMethod.Post, "/internal/tick", RunningHost.Key);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """{"scannedAt":"2026-03-04T05:06:07.089Z","dueMissionCount":4,"plansProduced":3,"plansWrittenBack":2,"parseFailures":1,"errors":["overlap-skipped"]}"""
        );
    }

    [Fact]
    public async Task A_tick_does_not_hold_up_the_end_of_the_process()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Actors.OnTick = async stop =>
        {
            entered.SetResult();
            await new TaskCompletionSource().Task.WaitAsync(stop);
            throw new InvalidOperationException("never");
        };

        var tick = _host.SendAsync(HttpMethod.Post, "/internal/tick", RunningHost.Key);
        await entered.Task;
        await _host.StopAsync();

        using var answer = await tick;
        await ShouldBeProblemAsync(answer, HttpStatusCode.ServiceUnavailable, "service-unavailable");
    }

    [Fact]
    public async Task The_process_waits_longer_than_the_grace_so_that_runs_can_be_handed_back()
    {
        await using var patient = await RunningHost.StartAsync(("SHUTDOWN_GRACE_MS", "30000"));

        patient.ShutdownTimeout.ShouldBe(TimeSpan.FromSeconds(35));
    }

    [Fact]
    public async Task Status_shows_the_node_without_its_secrets()
    {
        _host.Actors.Status = new TickStatus(
            true,
            "busy",
            ScriptedActors.ScannedAt,
            TimeSpan.FromMilliseconds(12.5),
            ["x"]
        );

        using var answer = await _host.SendAsync(HttpMethod.Get, "/internal/status", RunningHost.Key);

        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldNotContain("canary");
        text.ShouldNotContain(RunningHost.Key);
        var status = JsonSerializer.Deserialize<StatusView>(text, JsonSerializerOptions.Web)!;
        status.NodeId.ShouldBe("node-7");
        status.Tick.State.ShouldBe("busy");
        status.Tick.LastTickMs.ShouldBe(12.5);
        status.OpenOccurrences.ShouldBe(3);
        status.Verdicts.ShouldBe(_host.Actors.Ledger!.Verdicts);
        status
            .Nodes!.Select(node => (node.Id, node.State, node.Plans))
            .ShouldBe([("node-7", "alive", 2), ("node-6", "gone", 0)]);
        status.Settings.Database.ShouldBe("reader@db.example:5432/mana_sync");
    }

    [Fact]
    public async Task Status_answers_without_a_database()
    {
        _host.Actors.Ledger = null;
        _host.Actors.OnCheck = () => Task.FromResult(Readiness.NotReady("No database."));

        using var answer = await _host.SendAsync(HttpMethod.Get, "/internal/status", RunningHost.Key);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        body.RootElement.GetProperty("openOccurrences").ValueKind.ShouldBe(JsonValueKind.Null);
        body.RootElement.GetProperty("readiness").GetProperty("ready").GetBoolean().ShouldBeFalse();
    }

    [Theory]
    [InlineData("POST", "/internal/tick", null)]
    [InlineData("POST", "/internal/tick", "")]
    [InlineData("POST", "/internal/tick", "wrong")]
    [InlineData("POST", "/internal/tick", RunningHost.Key + "x")]
    [InlineData("POST", "/internal/tick", RunningHost.Key + "," + RunningHost.OldKey)]
    [InlineData("GET", "/internal/status", null)]
    [InlineData("GET", "/internal/status", "wrong")]
    public async Task Without_a_right_key_there_is_401(string method, string path, string? key)
    {
        using var answer = await _host.SendAsync(new HttpMethod(method), path, key);

        await ShouldBeProblemAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
        _host.Actors.TicksAsked.ShouldBe(0);
    }

    [Fact]
    public async Task The_21st_bad_key_is_429_and_counted_and_a_right_one_is_never_slowed()
    {
        for (var bad = 1; bad <= 20; bad++)
        {
            using var refused = await _host.SendAsync(HttpMethod.Get, "/internal/status", "wrong");
            refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        using var limited = await _host.SendAsync(HttpMethod.Post, "/internal/tick", "wrong");
        await ShouldBeProblemAsync(limited, HttpStatusCode.TooManyRequests, "too-many-requests");
        limited.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromMinutes(1));
        using var right = await _host.SendAsync(HttpMethod.Post, "/internal/tick", RunningHost.Key);
        right.StatusCode.ShouldBe(HttpStatusCode.OK);
        _host.Actors.TicksAsked.ShouldBe(1);
        var page = await PageAsync();
        page.Value("mana_ai_bad_keys_total", ("answer", "unauthorized")).ShouldBe(20);
        page.Value("mana_ai_bad_keys_total", ("answer", "too-many-requests")).ShouldBe(1);
    }

    [Theory]
    [InlineData(RunningHost.Key)]
    [InlineData(RunningHost.OldKey)]
    public async Task Every_one_of_several_keys_is_right(string key)
    {
        using var answer = await _host.SendAsync(HttpMethod.Post, "/internal/tick", key);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        _host.Actors.TicksAsked.ShouldBe(1);
    }

    [Fact]
    public async Task A_key_may_come_as_a_bearer_but_not_twice()
    {
        using var bearer = new HttpRequestMessage(HttpMethod.Get, "/internal/status");
        bearer.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningHost.Key);
        (await _host.Http.SendAsync(bearer)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var raw = await RawAsync(
            $"GET /internal/status HTTP/1.1\r\nHost: x\r\nX-Service-Key: {RunningHost.Key}\r\nX-Service-Key: {RunningHost.Key}\r\nConnection: close\r\n\r\n"
        );
        raw.ShouldStartWith("HTTP/1.1 401 ");
    }

    [Theory]
    [InlineData(64 * 1024, false, HttpStatusCode.OK)]
    [InlineData((64 * 1024) + 1, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(1024 * 1024, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(60 * 1024, true, HttpStatusCode.OK)]
    [InlineData(100 * 1024, true, HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_body_over_64_KiB_is_refused_however_it_is_sent(
        int bytes,
        bool isChunked,
        HttpStatusCode status
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/internal/tick");
        request.Headers.Add("X-Service-Key", RunningHost.Key);
        request.Headers.TransferEncodingChunked = isChunked;
        request.Headers.ExpectContinue = true; // The server may close after refusing; this way nothing is sent into it.
        request.Content = new ByteArrayContent(new byte[bytes]);

        using var answer = await _host.Http.SendAsync(request);

        answer.StatusCode.ShouldBe(status);
        if (status != HttpStatusCode.OK)
        {
            await ShouldBeProblemAsync(answer, status, "payload-too-large");
        }

        _host.Actors.TicksAsked.ShouldBe(status == HttpStatusCode.OK ? 1 : 0);
    }

    [Fact]
    public async Task What_an_exception_says_stays_inside()
    {
        _host.Actors.OnTick = _ =>
            throw new InvalidOperationException("select canary from secrets; Host=db;Password=canary");

        using var answer = await _host.SendAsync(HttpMethod.Post, "/internal/tick", RunningHost.Key);

        var body = await ShouldBeProblemAsync(
            answer,
            HttpStatusCode.InternalServerError,
            "internal-server-error"
        );
        body.ShouldNotContain("canary");
        body.ShouldNotContain("InvalidOperation");
        (await PageAsync())
            .Value("mana_ai_http_requests_total", ("path", "/internal/tick"), ("status", "500"))
            .ShouldBe(1);
    }

    [Theory]
    [InlineData("GET", "/", HttpStatusCode.NotFound, "not-found")]
    [InlineData("GET", "/internal", HttpStatusCode.NotFound, "not-found")]
    [InlineData("GET", "/etc/%2e%2e/passwd", HttpStatusCode.NotFound, "not-found")]
    [InlineData("GET", "/internal/tick", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    [InlineData("DELETE", "/health", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    [InlineData("BREW", "/health", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    [InlineData("BREW", "/pot", HttpStatusCode.NotFound, "not-found")]
    public async Task Odd_paths_and_methods_get_problem_details(
        string method,
        string path,
        HttpStatusCode status,
        string error
    )
    {
        using var answer = await _host.SendAsync(new HttpMethod(method), path);

        await ShouldBeProblemAsync(answer, status, error);
        if (status == HttpStatusCode.MethodNotAllowed)
        {
            answer.Content.Headers.Allow.ShouldNotBeEmpty();
        }

        (await PageAsync())
            .Value(
                "mana_ai_http_requests_total",
                ("method", method is "BREW" ? "OTHER" : method),
                ("path", "unmatched"),
                ("status", ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture))
            )
            .ShouldBe(1);
    }

    [Fact]
    public async Task Errors_are_problem_details_for_those_who_accept_only_html_too()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/nowhere");
        request.Headers.Accept.ParseAdd("text/html");

        using var answer = await _host.Http.SendAsync(request);

        await ShouldBeProblemAsync(answer, HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/nowhere")]
    [InlineData("POST", "/internal/tick")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/openapi/v1.json")]
    public async Task Every_answer_carries_the_security_headers_and_no_banner(string method, string path)
    {
        _host.Actors.OnTick = _ => throw new InvalidOperationException();

        using var answer = await _host.SendAsync(new HttpMethod(method), path, RunningHost.Key);

        answer.Headers.Contains("Server").ShouldBeFalse();
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
        answer
            .Headers.GetValues("Content-Security-Policy")
            .ShouldBe(["default-src 'none'; frame-ancestors 'none'"]);
        answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact]
    public async Task Metrics_are_public_and_count_by_route()
    {
        (await _host.SendAsync(HttpMethod.Get, "/health?x=1")).Dispose();
        (await _host.SendAsync(HttpMethod.Get, "/nowhere/1")).Dispose();
        (await _host.SendAsync(HttpMethod.Get, "/nowhere/2")).Dispose();

        using var answer = await _host.SendAsync(HttpMethod.Get, "/metrics");

        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var page = PrometheusPage.Parse(await answer.Content.ReadAsStringAsync());
        page.Value("mana_ai_http_requests_total", ("method", "GET"), ("path", "/health"), ("status", "200"))
            .ShouldBe(1);
        page.Value("mana_ai_http_requests_total", ("path", "unmatched"), ("status", "404")).ShouldBe(2);
        page.Value("mana_ai_http_request_duration_seconds_count", ("path", "/health")).ShouldBe(1);
    }

    [Fact]
    public async Task Metrics_can_want_a_key()
    {
        await using var closed = await RunningHost.StartAsync(("METRICS_PUBLIC", "false"));

        using var without = await closed.SendAsync(HttpMethod.Get, "/metrics");
        using var with = await closed.SendAsync(HttpMethod.Get, "/metrics", RunningHost.OldKey);

        await ShouldBeProblemAsync(without, HttpStatusCode.Unauthorized, "unauthorized");
        PrometheusPage.Parse(await with.Content.ReadAsStringAsync()).Value("mana_ai_ticks_total").ShouldBe(0);
    }

    [Fact]
    public async Task The_openapi_document_describes_every_path_and_can_be_turned_off()
    {
        using var answer = await _host.SendAsync(HttpMethod.Get, "/openapi/v1.json");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var paths = document.RootElement.GetProperty("paths");

        paths
            .EnumerateObject()
            .Select(path => path.Name)
            .ShouldBe(
                [
                    "/health",
                    "/health/ready",
                    "/internal/events",
                    "/internal/events/stream",
                    "/internal/missions",
                    "/internal/missions/{userId}/{missionId}",
                    "/internal/missions/{userId}/{missionId}/dry-run",
                    "/internal/missions/{userId}/{missionId}/run-now",
                    "/internal/missions/{userId}/{missionId}/why",
                    "/internal/nodes",
                    "/internal/pause",
                    "/internal/pauses",
                    "/internal/resume",
                    "/internal/runs",
                    "/internal/runs/{runId}",
                    "/internal/runs/{runId}/cancel",
                    "/internal/runs/{runId}/retry",
                    "/internal/status",
                    "/internal/tick",
                    "/internal/usage",
                    "/metrics",
                ],
                ignoreOrder: true
            );
        paths
            .GetProperty("/internal/tick")
            .GetProperty("post")
            .GetProperty("security")
            .GetArrayLength()
            .ShouldBe(1);
        paths.GetProperty("/health").GetProperty("get").TryGetProperty("security", out _).ShouldBeFalse();
        (
            from path in paths.EnumerateObject()
            where
                path.Name.StartsWith("/internal/", StringComparison.Ordinal)
                && !path.Name.EndsWith("/stream", StringComparison.Ordinal)
            from operation in path.Value.EnumerateObject()
            let described = operation.Value.GetProperty("responses").GetProperty("200").GetProperty("content")
            where
                !described.GetProperty("application/json").TryGetProperty("example", out _)
                || !operation.Value.TryGetProperty("summary", out _)
            select $"{operation.Name} {path.Name} has no summary or no example"
        ).ShouldBeEmpty();
        document.RootElement.GetProperty("info").GetProperty("version").GetString().ShouldBe("0.1.0");

        await using var closed = await RunningHost.StartAsync(("OPENAPI_ENABLED", "false"));
        using var none = await closed.SendAsync(HttpMethod.Get, "/openapi/v1.json");
        await ShouldBeProblemAsync(none, HttpStatusCode.NotFound, "not-found");
    }

    private async Task<PrometheusPage> PageAsync() =>
        PrometheusPage.Parse(await _host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)));

    private async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_host.Address.Host, _host.Address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync();
    }

    private static async Task<string> ShouldBeProblemAsync(
        HttpResponseMessage answer,
        HttpStatusCode status,
        string error
    )
    {
        answer.StatusCode.ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var text = await answer.Content.ReadAsStringAsync();
        using var body = JsonDocument.Parse(text);
        body.RootElement.GetProperty("status").GetInt32().ShouldBe((int)status);
        body.RootElement.GetProperty("error").GetString().ShouldBe(error);
        body.RootElement.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        body.RootElement.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
        return text;
    }
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public sealed class LlmRequestWriterTests
{
    [Fact]
    public void A_plain_request_holds_what_every_server_takes_and_nothing_else() =>
        ShouldWrite(
            LlmBench.Request with
            {
                Format = ResponseFormat.Plain,
            },
            """
            {"model":"test/model","messages":[{"role":"system","content":"Plan."},{"role":"user","content":"Grüße"}],
             "temperature":0.3,"stream":false}
            """
        );

    [Fact]
    public void A_format_is_asked_for_by_its_name() =>
        Written(LlmBench.Request)["response_format"]!.ToJsonString().ShouldBe("""{"type":"json_object"}""");

    [Fact]
    public void A_schema_is_sent_along()
    {
        var schema = Parse("""{"type":"object"}""");

        var written = Written(
            LlmBench.Request with
            {
                Format = ResponseFormat.JsonSchema,
                ResponseSchema = schema,
            }
        );

        written["response_format"]!
            .ToJsonString()
            .ShouldBe("""{"type":"json_schema","json_schema":{"name":"plan","schema":{"type":"object"}}}""");
    }

    [Fact]
    public void Without_a_schema_an_object_is_asked_for() =>
        Written(LlmBench.Request with { Format = ResponseFormat.JsonSchema })["response_format"]!
            .ToJsonString()
            .ShouldBe("""{"type":"json_object"}""");

    [Fact]
    public void Functions_go_as_they_are_and_the_model_may_choose()
    {
        var function = Parse("""{"type":"function","function":{"name":"create_task","parameters":{}}}""");

        var written = Written(
            LlmBench.Request with
            {
                Format = ResponseFormat.Plain,
                Functions = [function],
            }
        );

        written["tools"]!.ToJsonString().ShouldBe($"[{function.GetRawText()}]");
        written["tool_choice"]!.GetValue<string>().ShouldBe("auto");
        written["response_format"].ShouldBeNull();
    }

    [Fact]
    public void No_functions_are_no_tools()
    {
        var written = Written(LlmBench.Request with { Functions = [] });

        written.ContainsKey("tools").ShouldBeFalse();
        written.ContainsKey("tool_choice").ShouldBeFalse();
    }

    [Fact]
    public void A_conversation_with_calls_is_told_as_it_was()
    {
        ChatMessage[] messages =
        [
            new("assistant", null) { ToolCalls = [new("c1", "create_task", """{"title":"x"}""")] },
            new("tool", "recorded") { ToolCallId = "c1" },
        ];

        Written(LlmBench.Request with { Messages = messages })["messages"]!
            .ToJsonString()
            .ShouldBe(
                """
                [{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
                "function":{"name":"create_task","arguments":"{\u0022title\u0022:\u0022x\u0022}"}}]},
                {"role":"tool","content":"recorded","tool_call_id":"c1"}]
                """.ReplaceLineEndings("")
            );
    }

    [Theory]
    [InlineData("functions.create task!", "{}", "functions_create_task_", "{}")]
    [InlineData("", "title=x", "unnamed", "{}")]
    [InlineData("a", "", "a", "{}")]
    [InlineData("a", "[1]", "a", "{}")]
    [InlineData("a", "{\"b\":", "a", "{}")]
    [InlineData("a", "{\"b\":1}", "a", "{\"b\":1}")]
    [InlineData("a", "\uFEFF{\"b\":[1,],}", "a", "{\"b\":[1]}")]
    public void What_a_model_invented_is_sent_back_so_that_servers_take_it(
        string name,
        string arguments,
        string sentName,
        string sentArguments
    )
    {
        var message = new ChatMessage("assistant", null) { ToolCalls = [new("c", name, arguments)] };

        var function = Written(LlmBench.Request with { Messages = [message] })["messages"]![0]![
            "tool_calls"
        ]![0]!["function"]!;

        function["name"]!.GetValue<string>().ShouldBe(sentName);
        function["arguments"]!.GetValue<string>().ShouldBe(sentArguments);
    }

    [Theory]
    [InlineData("\"quoted\"\n\t\0", "\"quoted\"\n\t\0")]
    [InlineData("😀 äöü \u2028", "😀 äöü \u2028")]
    public void Any_text_arrives(string text, string expected) =>
        Written(LlmBench.Request with { Messages = [new("user", text)] })["messages"]![0]!["content"]!
            .GetValue<string>()
            .ShouldBe(expected);

    [Fact]
    public void Half_a_character_is_replaced() => Any_text_arrives($"half {'\ud83d'}", $"half {'\ufffd'}");

    [Fact]
    public void Letters_are_not_escaped() =>
        Encoding.UTF8.GetString(LlmRequestWriter.Write(LlmBench.Request).Span).ShouldContain("Grüße");

    private static JsonObject Written(LlmRequest request) =>
        JsonNode.Parse(LlmRequestWriter.Write(request).Span)!.AsObject();

    private static void ShouldWrite(LlmRequest request, string expected) =>
        JsonNode.DeepEquals(Written(request), JsonNode.Parse(expected)).ShouldBeTrue();

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

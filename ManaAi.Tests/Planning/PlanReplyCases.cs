namespace ManaAi.Tests.Planning;

/// <param name="Steps">How many steps are accepted; null where the answer is refused.</param>
/// <param name="Fragment">What the refusal has to say.</param>
public sealed record PlanReplyCase(string Name, string? Content, int? Steps, string Fragment)
{
    public override string ToString() => Name;
}

/// <summary>What real models answer, sound and unsound, with the verdict that each deserves.</summary>
internal static class PlanReplyCases
{
    public const string Task =
        """{"summary":"Add a task","toolName":"create_task","params":{"title":"Call Ada"},"rationale":"It is due"}""";

    public const string TaskPlan = """{"summary":"One task","steps":[""" + Task + "]}";

    private const string EmptyPlan = """{"summary":"All is well","steps":[]}""";

    public static IReadOnlyList<PlanReplyCase> All { get; } =
    [.. Sound(), .. NoPlan(), .. BadSteps(), .. BadParams()];

    /// <summary>A plan of one step with these params.</summary>
    public static string With(string tool, string parameters) =>
        $$"""{"summary":"s","steps":[{"summary":"Do it","toolName":"{{tool}}","params":{{parameters}},"rationale":"Because"}]}""";

    private static IEnumerable<PlanReplyCase> Sound() =>
        [
            Yes("JSON alone", TaskPlan, 1),
            Yes("an empty plan", EmptyPlan, 0),
            Yes("an empty plan without a summary", """{"steps":[]}""", 0),
            Yes("a summary of null", """{"summary":null,"steps":[]}""", 0),
            Yes("a summary of blanks", """{"summary":"  ","steps":[]}""", 0),
            Yes("blanks around", $"\n\n  {TaskPlan}\t\n", 1),
            Yes("a byte order mark before it", "\uFEFF" + TaskPlan, 1),
            Yes("fenced as json", $"```json\n{TaskPlan}\n```", 1),
            Yes("fenced without a language", $"```\n{TaskPlan}\n```", 1),
            Yes("fenced in capitals with Windows newlines", $"```JSON\r\n{TaskPlan}\r\n```", 1),
            Yes("a fence that never closes", $"```json\n{TaskPlan}", 1),
            Yes("prose before it", $"Sure! Here is the plan:\n\n{TaskPlan}", 1),
            Yes("prose after it", $"{TaskPlan}\n\nLet me know if you want changes.", 1),
            Yes("prose with quotes and an apostrophe before it", $"It's what \"you\" asked: {TaskPlan}", 1),
            Yes("prose with one odd quote before it", $"A 5\" screen, then: {TaskPlan}", 1),
            Yes("prose with a placeholder in braces", $"For {{user}} I made: {TaskPlan}", 1),
            Yes("prose with a brace that never closes", $"A brace {{ in prose. {TaskPlan}", 1),
            Yes("prose with a closing brace too many", $"Done }} and now: {TaskPlan} }}", 1),
            Yes("another JSON object before it", $$"""{"thought":"a task helps"} {{TaskPlan}}""", 1),
            Yes("another JSON object after it", $$"""{{TaskPlan}} {"confidence":0.9}""", 1),
            Yes(
                "the form repeated with dots before it",
                $$"""In the form {"summary": ..., "steps": [...]}: {{TaskPlan}}""",
                1
            ),
            Yes("the same plan twice", $"{TaskPlan}\n{TaskPlan}", 1),
            Yes("thinking before it", $"<think>\nMaybe {EmptyPlan}? No.\n</think>\n{TaskPlan}", 1),
            Yes("thinking with broken JSON before it", $"<think>{{\"steps\": [</think>{TaskPlan}", 1),
            Yes("a list of one plan", $"[{TaskPlan}]", 1),
            Yes("indented", "{\n  \"summary\": \"x\",\n  \"steps\": [\n    " + Task + "\n  ]\n}", 1),
            Yes("trailing commas", """{"summary":"x","steps":[""" + Task + ",],}", 1),
            Yes("steps before the summary", """{"steps":[""" + Task + """],"summary":"x"}""", 1),
            Yes("members nobody asked for", """{"mood":"good","steps":[{"id":1,""" + Task[1..] + "]}", 1),
            Yes("five steps", """{"steps":[""" + string.Join(',', Enumerable.Repeat(Task, 5)) + "]}", 5),
            Yes(
                "no params where none are needed",
                """{"steps":[{"summary":"a","toolName":"stop_timer","rationale":"b"}]}""",
                1
            ),
            Yes("params of null where none are needed", With("stop_timer", "null"), 1),
            Yes("an optional parameter of null", With("create_task", """{"title":"x","dueDate":null}"""), 1),
            Yes("an enum's value", With("create_task", """{"title":"x","priority":"high"}"""), 1),
            Yes(
                "an enum's value beyond ASCII",
                With("create_journal_entry", """{"content":"x","mood":"glücklich"}"""),
                1
            ),
            Yes(
                "an enum's value in escapes",
                With("create_journal_entry", """{"content":"x","mood":"gl\u00fccklich"}"""),
                1
            ),
            Yes(
                "numbers of all kinds",
                With("create_place", """{"name":"x","latitude":-1.5e1,"longitude":0}"""),
                1
            ),
            Yes(
                "a boolean",
                With("create_event", """{"title":"x","startTime":"a","endTime":"b","isAllDay":true}"""),
                1
            ),
            Yes(
                "a list",
                With("create_invoice", """{"clientName":"x","lines":[{"text":"a","price":3.5}]}"""),
                1
            ),
            Yes(
                "an object",
                With("update_website_block", """{"blockId":"b","patch":{"a":{"b":[1,null]}}}"""),
                1
            ),
            Yes(
                "a parameter that is called steps",
                With("update_website_block", """{"blockId":"b","patch":{"steps":[]}}"""),
                1
            ),
            Yes("an empty text where one is required", With("create_note", """{"content":""}"""), 1),
            Yes(
                "braces and fences inside a text",
                With("create_note", """{"content":"} ``` { \"steps\": [ \\"}"""),
                1
            ),
            Yes("NUL inside a text", With("create_note", """{"content":"a\u0000b"}"""), 1),
            Yes("half a surrogate pair in an escape", With("create_note", """{"content":"a\ud800b"}"""), 1),
            Yes("half a surrogate pair as it is", With("create_note", "{\"content\":\"a\ud800b\"}"), 1),
            Yes("an emoji in escapes", With("create_note", """{"content":"\ud83d\ude00"}"""), 1),
        ];

    private static IEnumerable<PlanReplyCase> NoPlan() =>
        [
            No("nothing", null, "empty"),
            No("an empty text", "", "empty"),
            No("blanks", " \n\t ", "empty"),
            No("prose alone", "I cannot help with that.", "no JSON object"),
            No("an HTML error page", "<html><body>502 Bad Gateway</body></html>", "no JSON object"),
            No("the word null", "null", "no JSON object"),
            No("a number", "42", "no JSON object"),
            No("an empty list", "[]", "no JSON object"),
            No("an empty object", "{}", "\"steps\""),
            No("an object without steps", """{"summary":"x"}""", "\"steps\""),
            No("a step alone", Task, "\"steps\""),
            No("a list of steps", $"[{Task},{Task}]", "\"steps\""),
            No("the plan inside another object", $$"""{"plan":{{TaskPlan}}}""", "top"),
            No("steps of null", """{"steps":null}""", "has to be a list"),
            No("steps as an object", """{"steps":{"1":{}}}""", "has to be a list"),
            No("steps as a text", """{"steps":"none"}""", "has to be a list"),
            No("a summary that is a number", """{"summary":5,"steps":[]}""", "summary"),
            No("a summary that is a list", """{"summary":["a"],"steps":[]}""", "summary"),
            No("steps twice", """{"steps":[],"steps":[]}""", "twice"),
            No("two different plans", $"{TaskPlan}\nor\n{EmptyPlan}", "several"),
            No("a list of two plans", $"[{TaskPlan},{EmptyPlan}]", "several"),
            No("cut off in a text", TaskPlan[..60], "cut off"),
            No("cut off before the last brace", TaskPlan[..^1], "cut off"),
            No(
                "cut off behind params that look like a plan",
                With("update_website_block", """{"blockId":"b","patch":{"steps":[]}}""")[..^2],
                "cut off"
            ),
            No("a whole plan and then one cut off", $"{TaskPlan} or better {TaskPlan[..50]}", "cut off"),
            No("thinking without an end", $"<think>maybe {TaskPlan}", "thinking"),
            No("a comma missing", """{"summary":"x" "steps":[]}""", "not valid JSON"),
            No("names without quotes", "{summary: \"x\", \"steps\": []}", "not valid JSON"),
            No("single quotes", "{'summary': 'x', 'steps': []}", "\"steps\""),
            No("Python's None", """{"summary":None,"steps":[]}""", "not valid JSON"),
            No("a comment", "{\"steps\":[] // none\n}", "not valid JSON"),
            No("JSON in a text", "\"{\\\"steps\\\":[]}\"", "JSON"),
            No("dots for what was left out", """{"summary":"x","steps":[...]}""", "not valid JSON"),
            No("a newline inside a text", "{\"summary\":\"a\nb\",\"steps\":[]}", "not valid JSON"),
            No("a number beyond JSON", """{"steps":[],"n":NaN}""", "not valid JSON"),
            No(
                "nested without end",
                new string('[', 5_000) + """{"steps":""" + new string('[', 5_000),
                "cut off"
            ),
            No(
                "nested too deep",
                """{"steps":[],"x":""" + new string('[', 100) + new string(']', 100) + "}",
                "deeper"
            ),
            No("too long", $"{new string(' ', 300_000)}{TaskPlan}", "characters"),
            No("braces without end", new string('{', 200_000), "cut off"),
        ];

    private static IEnumerable<PlanReplyCase> BadSteps() =>
        [
            No(
                "six steps",
                """{"steps":[""" + string.Join(',', Enumerable.Repeat(Task, 6)) + "]}",
                "6 steps; at most 5"
            ),
            No("a step that is a text", """{"steps":["call Ada"]}""", "Step 1 has to be an object"),
            No("a step that is null", """{"steps":[null]}""", "Step 1"),
            No("a second step that is a list", $$"""{"steps":[{{Task}},[]]}""", "Step 2"),
            No(
                "a step without a summary",
                """{"steps":[{"toolName":"stop_timer","rationale":"b"}]}""",
                "Step 1 needs a \"summary\""
            ),
            No(
                "a step with a blank summary",
                """{"steps":[{"summary":" \n","toolName":"stop_timer","rationale":"b"}]}""",
                "\"summary\""
            ),
            No(
                "a summary that nobody can see",
                """{"steps":[{"summary":"\u200b\u202e","toolName":"stop_timer","rationale":"b"}]}""",
                "\"summary\""
            ),
            No(
                "a step without a rationale",
                """{"steps":[{"summary":"a","toolName":"stop_timer"}]}""",
                "\"rationale\""
            ),
            No(
                "a rationale of null",
                """{"steps":[{"summary":"a","toolName":"stop_timer","rationale":null}]}""",
                "\"rationale\""
            ),
            No(
                "a rationale that is a number",
                """{"steps":[{"summary":"a","toolName":"stop_timer","rationale":1}]}""",
                "\"rationale\""
            ),
            No(
                "a summary without end",
                $$"""{"steps":[{"summary":"{{new string('a', 501)}}","toolName":"stop_timer","rationale":"b"}]}""",
                "501 characters"
            ),
            No(
                "a rationale without end",
                $$"""{"steps":[{"summary":"a","toolName":"stop_timer","rationale":"{{new string('b', 2001)}}"}]}""",
                "2001 characters"
            ),
            No("a step without a tool", """{"steps":[{"summary":"a","rationale":"b"}]}""", "\"toolName\""),
            No(
                "the tool under another name",
                """{"steps":[{"summary":"a","tool":"stop_timer","rationale":"b"}]}""",
                "\"toolName\""
            ),
            No(
                "an invented tool",
                With("send_email", "{}"),
                "\"send_email\", which is not offered; use one of create_task"
            ),
            No("a tool that runs unasked", With("list_tasks", "{}"), "not offered"),
            No("a tool in capitals", With("Create_Task", """{"title":"x"}"""), "not offered"),
            No("a tool with a prefix", With("functions.create_task", """{"title":"x"}"""), "not offered"),
            No("a tool with blanks", With(" create_task ", """{"title":"x"}"""), "not offered"),
            No("a tool with NUL", With("create_task\\u0000", """{"title":"x"}"""), "not offered"),
            No("an empty tool name", With("", "{}"), "not offered"),
            No(
                "a member twice",
                """{"steps":[{"summary":"a","summary":"b","toolName":"stop_timer","rationale":"c"}]}""",
                "Step 1 names \"summary\" twice"
            ),
            No(
                "the params under another name",
                """{"steps":[{"summary":"a","toolName":"create_goal","parameters":{"title":"x"},"rationale":"b"}]}""",
                "\"parameters\""
            ),
            No(
                "one good step and one bad",
                $$"""{"steps":[{{Task}},{"summary":"a","toolName":"nope","rationale":"b"}]}""",
                "Step 2"
            ),
        ];

    private static IEnumerable<PlanReplyCase> BadParams() =>
        [
            No("params as a text", With("create_task", """ "{\"title\":\"x\"}" """), "JSON object"),
            No("params as a list", With("create_task", """["x"]"""), "JSON object, not a list"),
            No(
                "a required parameter missing",
                With("create_task", "{}"),
                "create_task needs the parameter \"title\""
            ),
            No(
                "no params though one is required",
                """{"steps":[{"summary":"a","toolName":"create_task","rationale":"b"}]}""",
                "\"title\""
            ),
            No("a required parameter of null", With("create_task", """{"title":null}"""), "\"title\""),
            No(
                "an unknown parameter",
                With("create_task", """{"title":"x","due":"y"}"""),
                "\"due\"; it has only title, dueDate"
            ),
            No(
                "a parameter of a tool without any",
                With("stop_timer", """{"now":true}"""),
                "no parameters at all"
            ),
            No("a parameter in capitals", With("create_task", """{"Title":"x"}"""), "\"Title\""),
            No(
                "a number for a text",
                With("create_task", """{"title":5}"""),
                "a string, not the number \"5\""
            ),
            No(
                "a text for a number",
                With("rate_library_entry", """{"entryId":"e","rating":"5"}"""),
                "a number, not the text \"5\""
            ),
            No(
                "a text for a boolean",
                With("update_quiz", """{"quizId":"q","isPinned":"true"}"""),
                "a boolean"
            ),
            No("a number for a boolean", With("update_quiz", """{"quizId":"q","isPinned":1}"""), "a boolean"),
            No(
                "a text for a list",
                With("create_invoice", """{"clientName":"x","lines":"1 hour"}"""),
                "an array"
            ),
            No(
                "an object for a list",
                With("create_invoice", """{"clientName":"x","lines":{}}"""),
                "an array, not an object"
            ),
            No(
                "a text for an object",
                With("update_website_block", """{"blockId":"b","patch":"{}"}"""),
                "an object"
            ),
            No("a list for a text", With("create_task", """{"title":["x"]}"""), "not a list"),
            No(
                "a value outside the enum",
                With("create_task", """{"title":"x","priority":"urgent"}"""),
                "one of \"low\", \"medium\", \"high\", not \"urgent\""
            ),
            No(
                "an enum's value in capitals",
                With("create_task", """{"title":"x","priority":"High"}"""),
                "\"High\""
            ),
            No("an empty enum value", With("create_task", """{"title":"x","priority":""}"""), "one of"),
            No("a number for an enum", With("create_task", """{"title":"x","priority":1}"""), "one of"),
            No(
                "an infinite number",
                With("rate_library_entry", """{"entryId":"e","rating":1e999}"""),
                "a number beyond"
            ),
            No(
                "an infinite number deep inside",
                With("create_invoice", """{"clientName":"x","lines":[{"a":-1e999}]}"""),
                "beyond"
            ),
            No("a parameter twice", With("create_task", """{"title":"x","title":"y"}"""), "\"title\" twice"),
            No(
                "a member twice deep inside",
                With("update_website_block", """{"blockId":"b","patch":{"a":1,"a":2}}"""),
                "\"a\" twice"
            ),
            No(
                "members that differ by what nobody sees",
                With("update_website_block", """{"blockId":"b","patch":{"a":1,"a\u200b":2}}"""),
                "twice"
            ),
            No(
                "params without end",
                With("create_note", $$"""{"content":"{{new string('x', 33_000)}}"}"""),
                "at most 32768"
            ),
        ];

    private static PlanReplyCase Yes(string name, string content, int steps) => new(name, content, steps, "");

    private static PlanReplyCase No(string name, string? content, string fragment) =>
        new(name, content, null, fragment);
}

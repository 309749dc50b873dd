using System.CommandLine;

namespace ManaAi.Host.Commands;

/// <summary>Prints what a shell needs to complete commands and options; the binary itself knows the words.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _mana_ai() {
            local word
            COMPREPLY=()
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(mana-ai "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
        }
        complete -F _mana_ai mana-ai
        """;

    private const string Zsh = """
        _mana_ai() {
            local -a words_found
            words_found=("${(@f)$(mana-ai "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)}")
            compadd -- $words_found
        }
        compdef _mana_ai mana-ai
        """;

    private const string Fish = """
        complete -f -c mana-ai -a '(mana-ai "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell")
        {
            Description = "For which shell.",
            HelpName = "bash|zsh|fish",
        };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command(
            "completion",
            "Prints a script by which a shell completes commands and options, for a `mana-ai` in the PATH."
        )
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            var script = parsed.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            };
            parsed.InvocationConfiguration.Output.WriteLine(script);
            return ExitCodes.Ok;
        });
        return command.WithExamples(
            "source <(mana-ai completion bash)",
            "mana-ai completion fish > ~/.config/fish/completions/mana-ai.fish"
        );
    }
}

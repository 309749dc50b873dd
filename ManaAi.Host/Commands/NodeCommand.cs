using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ManaAi.Host.Keys;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Commands;

/// <summary>What the commands share that ask a node: address, key, form of the output, and their exit codes.</summary>
internal sealed class NodeCommand
{
    // What is missing in an answer is said here, and not by a null reference further on.
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = ServiceHost.AnswerDepthMax,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly IReadOnlyDictionary<string, string?> _environment;
    private readonly Option<FileInfo?> _keyFile = new("--key-file")
    {
        Description = "Reads the service key from a file instead of MANA_SERVICE_KEY.",
        HelpName = "path",
    };

    private readonly OutputForm _form = new();

    public NodeCommand(string name, string description, IReadOnlyDictionary<string, string?> environment)
    {
        _environment = environment;
        Command = new Command(name, $"{description} Asks the node at MANA_AI_URL with MANA_SERVICE_KEY.")
        {
            _keyFile,
            _form.Option,
        };
    }

    public Command Command { get; }

    public bool IsJson(ParseResult parsed) => _form.IsJson(parsed);

    /// <summary>Sends one request; what it answers goes to stdout, everything else to stderr.</summary>
    /// <param name="patience">How long the answer may take.</param>
    /// <param name="write">Shows the answer as a table and says how the command ends.</param>
    public void Sends<TView>(
        HttpMethod method,
        string path,
        TimeSpan patience,
        Func<TView, TextWriter, TextWriter, int> write
    ) => Sends(_ => new NodeRequest(method, path), patience, write);

    /// <summary>The same for a request that depends on the arguments.</summary>
    public void Sends<TView>(
        Func<ParseResult, NodeRequest> request,
        TimeSpan patience,
        Func<TView, TextWriter, TextWriter, int> write
    ) =>
        Asks(
            patience,
            (node, parsed, cancellationToken) =>
                ShowAsync(node, request(parsed), parsed, write, cancellationToken)
        );

    /// <summary>The same again and again on a terminal, until it is ended; once where the output goes elsewhere.</summary>
    /// <param name="isLive">Whether the caller asked for it.</param>
    public void Watches<TView>(
        Func<ParseResult, bool> isLive,
        NodeRequest request,
        TimeSpan patience,
        Func<TView, TextWriter, TextWriter, int> write
    ) =>
        Asks(
            patience,
            (node, parsed, cancellationToken) =>
                LiveScreen.ShowAsync(
                    parsed.InvocationConfiguration.Output,
                    isLive(parsed),
                    () => ShowAsync(node, request, parsed, write, cancellationToken),
                    cancellationToken
                )
        );

    /// <summary>Reads the settings and lets something be done with a node; the exit code is what that says.</summary>
    public void Asks(TimeSpan patience, Func<NodeClient, ParseResult, CancellationToken, Task<int>> ask) =>
        Command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var error = parsed.InvocationConfiguration.Error;
                var (settings, exitCode) = SettingsOf(parsed, error);
                if (settings is null)
                {
                    return exitCode;
                }

                using var node = new NodeClient(settings, patience);
                return await ask(node, parsed, cancellationToken);
            }
        );

    /// <summary>Sends one request and shows what it answers; what is refused is said on stderr.</summary>
    public async Task<int> ShowAsync<TView>(
        NodeClient node,
        NodeRequest request,
        ParseResult parsed,
        Func<TView, TextWriter, TextWriter, int> write,
        CancellationToken cancellationToken
    )
    {
        switch (await node.SendAsync(request, cancellationToken))
        {
            case NodeAnswer.Ok ok:
                using (ok.Body)
                {
                    return Show(parsed, ok.Body.RootElement, write);
                }

            case NodeAnswer.Refused refused:
                await parsed.InvocationConfiguration.Error.WriteLineAsync(refused.Reason);
                return refused.ExitCode;
            default:
                throw new UnreachableException();
        }
    }

    private int Show<TView>(
        ParseResult parsed,
        JsonElement body,
        Func<TView, TextWriter, TextWriter, int> write
    )
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        TView view;
        try
        {
            view = body.Deserialize<TView>(Strict)!;
        }
        catch (JsonException)
        {
            error.WriteLine("What answers there is not a mana-ai node, or one of another version.");
            return ExitCodes.Failed;
        }

        if (!IsJson(parsed))
        {
            return write(view, output, error);
        }

        OutputForm.WriteJson(output, body);
        return write(view, TextWriter.Null, error);
    }

    private (ClientSettings? Settings, int ExitCode) SettingsOf(ParseResult parsed, TextWriter error)
    {
        switch (SettingsReader.ReadClient(_environment))
        {
            case SettingsResult<ClientSettings>.Faulty faulty:
                return (null, SettingFaults.Report(error, faulty.Faults));
            case SettingsResult<ClientSettings>.Ok { Settings: var settings }:
                var key = KeyOf(parsed, settings, error);
                return key is null ? (null, ExitCodes.Usage) : (settings with { Key = key }, ExitCodes.Ok);
            default:
                throw new UnreachableException();
        }
    }

    private Secret? KeyOf(ParseResult parsed, ClientSettings settings, TextWriter error)
    {
        if (parsed.GetValue(_keyFile) is not { } file)
        {
            if (settings.Key is null)
            {
                error.WriteLine("There is no service key; set MANA_SERVICE_KEY or name a --key-file.");
            }

            return settings.Key;
        }

        switch (KeyFile.Read(file.FullName, isAnyAccepted: true))
        {
            case KeyReading.Ok ok:
                return ok.Keys[0];
            case KeyReading.Faulty faulty:
                error.WriteLine($"--key-file {faulty.Predicate}");
                return null;
            default:
                throw new UnreachableException();
        }
    }
}

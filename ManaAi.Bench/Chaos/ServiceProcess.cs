using System.Diagnostics;

namespace ManaAi.Bench.Chaos;

/// <summary>One process of the real binary, whose output goes to a file of its own.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _output;

    private ServiceProcess(Process process, string logFile)
    {
        _process = process;
        var log = new StreamWriter(logFile, append: true) { AutoFlush = true };
        var gate = new Lock();
        _output = Task.WhenAll(PumpAsync(process.StandardOutput), PumpAsync(process.StandardError))
            .ContinueWith(_ => log.Dispose(), TaskScheduler.Default);

        async Task PumpAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (gate)
                {
                    log.WriteLine(line);
                }
            }
        }
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    public static ServiceProcess Start(
        string service,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        string logFile
    )
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [service, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.StandardInput.Close();
        return new ServiceProcess(process, logFile);
    }

    public void Kill() => _process.Kill();

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _output.WaitAsync(cancellationToken);
    }

    /// <summary>Never leaves a process behind, not even one that stands still.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

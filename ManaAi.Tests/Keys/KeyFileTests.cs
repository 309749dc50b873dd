using System.Diagnostics;
using ManaAi.Host.Keys;
using ManaAi.Tests.Support;
using static ManaAi.Tests.Settings.TestSettings;

namespace ManaAi.Tests.Keys;

/// <summary>Keys that are mounted as a file, at the start and when they change.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string NewKey = "fedcba9876543210fedcba9876543210";

    private readonly string _folder = Directory.CreateTempSubdirectory("mana-keys-").FullName;
    private readonly ManualTime _time = new();
    private readonly KeptLog<KeyFileWatch> _log = new();

    private KeyFileWatch? _watch;

    private string Path => InFolder("keys");

    public void Dispose()
    {
        _watch?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData($"{Key}")]
    [InlineData($"{Key}\n")]
    [InlineData($"\uFEFF{Key}\r\n\r\n")]
    [InlineData($"{Key},{NewKey}")]
    [InlineData($"{Key}\n{NewKey}\n")]
    [InlineData($" {Key} ,\n{NewKey}", "empty key")]
    [InlineData("", "is empty")]
    [InlineData("\n\n", "is empty")]
    [InlineData("short", "fewer than 32 characters")]
    [InlineData($"{Key},short", "fewer than 32 characters")]
    [InlineData("dev-service-key\n", "that everyone knows")]
    [InlineData("two words two words two words two words", "without spaces")]
    public void A_file_holds_one_or_more_good_keys(string text, string? fault = null)
    {
        File.WriteAllText(Path, text);

        if (fault is not null)
        {
            var found = OneFault(FromFile());
            found.Name.ShouldBe("MANA_SERVICE_KEY_FILE");
            found.Sentence.ShouldContain(fault);
            found.Sentence.ShouldNotContain(_folder);
            return;
        }

        var expected = text.Contains(NewKey, StringComparison.Ordinal) ? new[] { Key, NewKey } : [Key];
        Good(FromFile()).Edge.ServiceKeys.Select(key => key.Reveal()).ShouldBe(expected);
    }

    [Fact]
    public void A_file_that_cannot_be_read_stops_the_start()
    {
        OneFault(FromFile())
            .Sentence.ShouldBe(
                "MANA_SERVICE_KEY_FILE names a file that is not there; it must hold one or more keys."
            );
        File.WriteAllBytes(Path, new byte[17 * 1024]);
        OneFault(FromFile()).Sentence.ShouldContain("more than 16384 bytes");
        OneFault(("MANA_SERVICE_KEY", null), ("MANA_SERVICE_KEY_FILE", _folder))
            .Name.ShouldBe("MANA_SERVICE_KEY_FILE");
    }

    [Fact]
    public void Keys_stand_in_one_place_and_not_in_two()
    {
        File.WriteAllText(Path, Key);

        OneFault(("MANA_SERVICE_KEY_FILE", Path)).Sentence.ShouldContain("set one of the two");
    }

    [Fact]
    public async Task A_key_that_is_put_into_the_file_holds_and_the_old_one_no_more()
    {
        var keys = await StartAsync();

        Write($"{NewKey},{Key}");
        Look(2);
        (keys.Accepts(NewKey), keys.Accepts(Key), keys.First.Reveal()).ShouldBe((true, true, NewKey));

        Write(NewKey);
        Look(2);
        (keys.Accepts(NewKey), keys.Accepts(Key)).ShouldBe((true, false));
        _log.Entries.Select(entry => entry.Id).ShouldBe([601, 601]);
        _log.Entries.ShouldAllBe(entry => !entry.Line.Contains(NewKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_is_swapped_by_links_as_Kubernetes_does_it_is_followed()
    {
        PublishVersion("..v1", Key);
        File.CreateSymbolicLink(Path, "..data/keys");
        var keys = await StartAsync();

        PublishVersion("..v2", NewKey);
        Directory.Delete(InFolder("..v1"), recursive: true);
        Look(2);

        (keys.Accepts(NewKey), keys.Accepts(Key)).ShouldBe((true, false));
    }

    [Theory]
    [InlineData(null, "is not there")]
    [InlineData("", "is empty")]
    [InlineData("too-short", "fewer than 32 characters")]
    public async Task A_file_that_is_no_longer_good_leaves_the_keys_and_is_said_once(
        string? text,
        string says
    )
    {
        var keys = await StartAsync();

        Write(text);
        Look(10);

        keys.Accepts(Key).ShouldBeTrue();
        _log.Entries.ShouldHaveSingleItem().Line.ShouldContain(says);
        Write(NewKey);
        Look(2);
        keys.Accepts(NewKey).ShouldBeTrue();
        Write(text);
        Look(10);
        _log.Of(602).Count.ShouldBe(2, "it was good in between");
    }

    [Fact]
    public async Task A_file_that_is_just_being_written_is_not_taken_for_its_beginning()
    {
        var keys = await StartAsync();
        var whole = NewKey + NewKey;

        Write(whole[..40]);
        Look(1);
        Write(whole);
        Look(1);
        keys.Accepts(Key).ShouldBeTrue();
        Look(1);

        (keys.Accepts(whole), keys.Accepts(whole[..40]), keys.Accepts(Key)).ShouldBe((true, false, false));
    }

    [Fact]
    public async Task Development_takes_weak_keys_from_a_file_too()
    {
        var keys = await StartAsync(("DOTNET_ENVIRONMENT", "Development"));

        Write("weak");
        Look(2);

        keys.Accepts("weak").ShouldBeTrue();
    }

    [Fact]
    public async Task Nothing_is_read_once_it_has_stopped()
    {
        Write(Key);
        using var watch = new KeyFileWatch(Good(FromFile()), new ServiceKeys(Good()), _time, _log);
        await watch.StopAsync(default);
        await watch.StartAsync(default);
        _time.NextTimerAt.ShouldNotBeNull();

        await watch.StopAsync(default);
        await watch.StopAsync(default);

        _time.NextTimerAt.ShouldBeNull();
    }

    private (string, string?)[] FromFile(params (string, string?)[] more) =>
        [("MANA_SERVICE_KEY", null), ("MANA_SERVICE_KEY_FILE", Path), .. more];

    private async Task<ServiceKeys> StartAsync(params (string, string?)[] more)
    {
        if (!File.Exists(Path))
        {
            Write(Key);
        }

        var settings = Good(FromFile(more));
        var keys = new ServiceKeys(settings);
        _watch = new KeyFileWatch(settings, keys, _time, _log);
        await _watch.StartAsync(default);
        return keys;
    }

    private void Look(int times) => _time.Advance(KeyFileWatch.Interval * times);

    private void Write(string? text)
    {
        if (text is null)
        {
            File.Delete(Path);
            return;
        }

        File.WriteAllText(Path, text);
    }

    /// <summary>A folder with the keys, and a link that is turned to it in one step.</summary>
    private void PublishVersion(string version, string text)
    {
        Directory.CreateDirectory(InFolder(version));
        File.WriteAllText(System.IO.Path.Combine(InFolder(version), "keys"), text);
        Directory.CreateSymbolicLink(InFolder("..data_tmp"), version);
        using var turn = Process.Start("mv", ["-T", InFolder("..data_tmp"), InFolder("..data")]);
        turn.WaitForExit();
    }

    private string InFolder(string name) => System.IO.Path.Combine(_folder, name);
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace ManaAi.Host.Settings;

internal abstract record DatabaseUrlResult
{
    private DatabaseUrlResult() { } // Closed: only the cases below can exist.

    public sealed record Ok(DatabaseSettings Database) : DatabaseUrlResult;

    /// <param name="Sentence">What is wrong, to stand behind the setting's name. No part of the URL is in it.</param>
    public sealed record Faulty(string Sentence) : DatabaseUrlResult;
}

/// <summary>
/// Reads <c>postgresql://user:password@host:port/database?sslmode=...</c> as libpq does, as far as it fits a service
/// that may stand behind a transaction pooler. It is read by hand and not by <see cref="Uri"/>, since no part of a
/// malformed URL may be repeated: what looks like a host can be the second half of a password.
/// </summary>
internal static class DatabaseUrl
{
    private const int PortDefault = 5432;

    /// <summary>
    /// A plan holds none while it waits for the LLM, and a new one costs the server more than ten statements on one that
    /// is warm: a hundred plans are written sooner over these than over a hundred.
    /// </summary>
    private const int ConnectionsMax = 8;

    public static DatabaseUrlResult Parse(string text)
    {
        try
        {
            return new DatabaseUrlResult.Ok(Read(text));
        }
        catch (FormatException exception)
        {
            return new DatabaseUrlResult.Faulty(exception.Message);
        }
    }

    private static DatabaseSettings Read(string text)
    {
        var authorityAt = text.IndexOf("://", StringComparison.Ordinal);
        if (authorityAt < 0 || text[..authorityAt] is not ("postgres" or "postgresql"))
        {
            throw Fault("it must begin with postgresql:// or postgres://");
        }

        var (beforeQuery, query) = Cut(text[(authorityAt + 3)..], '?');
        var (authority, database) = Cut(beforeQuery, '/');
        var connection = Defaults();
        ReadAuthority(authority, connection);
        if (!string.IsNullOrEmpty(database))
        {
            connection.Database = Decode(database);
        }

        var parameters = (query ?? "")
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(parameter => Cut(parameter, '='))
            .Select(parameter => (Name: Decode(parameter.Before), Value: Decode(parameter.After ?? "")))
            .ToList();
        foreach (var (name, value) in parameters)
        {
            ReadParameter(name, value, connection);
        }

        if (parameters.Exists(parameter => parameter.Name is "sslrootcert"))
        {
            TrustOnlyRoot(
                connection,
                isModeGiven: parameters.Exists(parameter => parameter.Name is "sslmode")
            );
        }

        RequireNames(connection);
        return new DatabaseSettings(new Secret(connection.ConnectionString), Display(connection));
    }

    // Through a transaction pooler the session is not ours: nothing may be prepared on it, and the pooler resets it.
    // Where there is none, PreparingSource changes the first.
    private static NpgsqlConnectionStringBuilder Defaults() =>
        new()
        {
            Port = PortDefault,
            Pooling = true,
            NoResetOnClose = true,
            // A log is read and a projection written in some hundred megabytes: an eighth of the system calls.
            ReadBufferSize = 64 * 1024,
            WriteBufferSize = 64 * 1024,
            MaxAutoPrepare = 0,
            MaxPoolSize = ConnectionsMax,
            Enlist = false,
            // Asked for first it would cost each connection another one, and the image has no Kerberos.
            GssEncryptionMode = GssEncryptionMode.Disable,
            Timeout = 5,
            CommandTimeout = 30,
            ApplicationName = "mana-ai",
            IncludeErrorDetail = false,
            PersistSecurityInfo = false,
        };

    private static void ReadAuthority(string authority, NpgsqlConnectionStringBuilder connection)
    {
        // The last @: an unescaped one in a password is a mistake that we can still read as it was meant.
        var userEnd = authority.LastIndexOf('@');
        if (userEnd >= 0)
        {
            var (user, password) = Cut(authority[..userEnd], ':');
            connection.Username = Decode(user);
            connection.Password = password is null ? null : Decode(password);
        }

        var (host, port) = CutHost(authority[(userEnd + 1)..]);
        connection.Host = Decode(host);
        connection.Port = string.IsNullOrEmpty(port) ? PortDefault : Number(port, 1, 65_535, "its port");
    }

    /// <summary>Host and port, where an IPv6 address stands in brackets because it has colons of its own.</summary>
    private static (string Host, string? Port) CutHost(string hostAndPort)
    {
        if (!hostAndPort.StartsWith('['))
        {
            return Cut(hostAndPort, ':');
        }

        var end = hostAndPort.IndexOf(']', StringComparison.Ordinal);
        if (end < 0 || (end + 1 < hostAndPort.Length && hostAndPort[end + 1] != ':'))
        {
            throw Fault("an IPv6 address must stand in brackets, such as [::1]:5432");
        }

        var address = hostAndPort[1..end];
        if (
            !IPAddress.TryParse(address, out var parsed)
            || parsed.AddressFamily != AddressFamily.InterNetworkV6
        )
        {
            throw Fault("what stands in brackets must be an IPv6 address, such as [::1]:5432");
        }

        return (address, end + 2 < hostAndPort.Length ? hostAndPort[(end + 2)..] : null);
    }

    private static void ReadParameter(string name, string value, NpgsqlConnectionStringBuilder connection)
    {
        switch (name)
        {
            case "host":
                connection.Host = value;
                break;
            case "port":
                connection.Port = Number(value, 1, 65_535, "its port");
                break;
            case "dbname":
                connection.Database = value;
                break;
            case "user":
                connection.Username = value;
                break;
            case "password":
                connection.Password = value;
                break;
            case "application_name":
                connection.ApplicationName = value;
                break;
            case "connect_timeout":
                connection.Timeout = Number(value, 1, 300, "its connect_timeout (seconds)");
                break;
            case "channel_binding":
                connection.ChannelBinding = ChannelBindingOf(value);
                break;
            case "options":
                throw Fault(
                    "its parameter options must go: startup options do not pass a transaction pooler"
                );
            default:
                ReadTlsParameter(name, value, connection);
                break;
        }
    }

    private static void ReadTlsParameter(string name, string value, NpgsqlConnectionStringBuilder connection)
    {
        switch (name)
        {
            case "sslmode":
                connection.SslMode = SslModeOf(value);
                break;
            case "sslrootcert":
                // libpq's word for the system's own certificates, which is what Npgsql uses when it is told of none.
                connection.RootCertificate = value is "system" ? null : value;
                break;
            case "sslcert":
                connection.SslCertificate = value;
                break;
            case "sslkey":
                connection.SslKey = value;
                break;
            case "sslpassword":
                connection.SslPassword = value;
                break;
            default:
                throw Fault(
                    "it has a parameter that is not known here; known are sslmode, sslrootcert, sslcert, sslkey, "
                        + "sslpassword, channel_binding, application_name, connect_timeout, host, port, dbname, user, password"
                );
        }
    }

    /// <summary>
    /// Who names the certificates that he trusts wants the server's to be checked, as libpq does with `require` too. Npgsql
    /// would check it with verify-ca and verify-full alone.
    /// </summary>
    private static void TrustOnlyRoot(NpgsqlConnectionStringBuilder connection, bool isModeGiven)
    {
        var isSystem = connection.RootCertificate is null;
        connection.SslMode = (connection.SslMode, isSystem, isModeGiven) switch
        {
            (SslMode.VerifyFull, _, _) or (_, true, false) => SslMode.VerifyFull,
            (SslMode.VerifyCA or SslMode.Require, false, _) or (_, false, false) => SslMode.VerifyCA,
            (_, true, _) => throw Fault("with sslrootcert=system its sslmode must be verify-full"),
            _ => throw Fault("with a sslrootcert its sslmode must be require, verify-ca or verify-full"),
        };
    }

    private static SslMode SslModeOf(string value) =>
        value switch
        {
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            "prefer" => SslMode.Prefer,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => throw Fault("its sslmode must be disable, allow, prefer, require, verify-ca or verify-full"),
        };

    private static ChannelBinding ChannelBindingOf(string value) =>
        value switch
        {
            "disable" => ChannelBinding.Disable,
            "prefer" => ChannelBinding.Prefer,
            "require" => ChannelBinding.Require,
            _ => throw Fault("its channel_binding must be disable, prefer or require"),
        };

    private static void RequireNames(NpgsqlConnectionStringBuilder connection)
    {
        if (string.IsNullOrEmpty(connection.Host) || connection.Host.Contains(',', StringComparison.Ordinal))
        {
            throw Fault("it must name one host, such as postgresql://mana@localhost:5432/mana_sync");
        }

        if (string.IsNullOrEmpty(connection.Username))
        {
            throw Fault(
                "it must name the user to log in as, such as postgresql://mana_ai_reader:...@host/mana_sync"
            );
        }

        if (string.IsNullOrEmpty(connection.Database))
        {
            throw Fault("it must name the database, such as /mana_sync behind the host");
        }
    }

    private static string Display(NpgsqlConnectionStringBuilder connection)
    {
        var host = connection.Host!.Contains(':', StringComparison.Ordinal)
            ? $"[{connection.Host}]"
            : connection.Host;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{connection.Username}@{host}:{connection.Port}/{connection.Database}"
        );
    }

    private static int Number(string text, int min, int max, string what) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        && value >= min
        && value <= max
            ? value
            : throw Fault(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} must be a whole number from {min} to {max}"
                )
            );

    private static string Decode(string text)
    {
        for (var at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (
                at + 2 >= text.Length
                || !char.IsAsciiHexDigit(text[at + 1])
                || !char.IsAsciiHexDigit(text[at + 2])
            )
            {
                throw Fault("a % in it must be written as %25, and begin two hexadecimal digits elsewhere");
            }
        }

        var decoded = Uri.UnescapeDataString(text);
        return decoded.Any(char.IsControl) ? throw Fault("it must hold no control characters") : decoded;
    }

    private static (string Before, string? After) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    private static FormatException Fault(string wish) =>
        new($"is not a database URL that can be used: {wish}.");
}

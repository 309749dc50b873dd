using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Tests.Settings;

public sealed class DatabaseUrlTests
{
    [Fact]
    public void A_plain_url_becomes_a_connection_that_suits_a_pooler()
    {
        var connection = Connection("postgresql://mana:devpassword@localhost:5433/mana_sync");

        connection.Host.ShouldBe("localhost");
        connection.Port.ShouldBe(5433);
        connection.Username.ShouldBe("mana");
        connection.Password.ShouldBe("devpassword");
        connection.Database.ShouldBe("mana_sync");
        connection.Pooling.ShouldBeTrue();
        connection.NoResetOnClose.ShouldBeTrue();
        connection.MaxAutoPrepare.ShouldBe(0);
        connection.Timeout.ShouldBe(5);
        connection.CommandTimeout.ShouldBe(30);
        connection.ApplicationName.ShouldBe("mana-ai");
        connection.IncludeErrorDetail.ShouldBeFalse();
        connection.PersistSecurityInfo.ShouldBeFalse();
        connection.Options.ShouldBeNull();
    }

    [Theory]
    [InlineData("postgres://u@h/d", "u@h:5432/d")]
    [InlineData("postgresql://u@h:/d", "u@h:5432/d")]
    [InlineData("postgresql://u:@h:1/d", "u@h:1/d")]
    [InlineData("postgresql://u@[::1]/d", "u@[::1]:5432/d")]
    [InlineData("postgresql://u@[2001:db8::7]:65535/d", "u@[2001:db8::7]:65535/d")]
    [InlineData("postgresql://us%40er:p@h/my%2Fdb", "us@er@h:5432/my/db")]
    [InlineData("postgresql://u:p@ss@h/d", "u@h:5432/d")]
    [InlineData("postgresql:///d?host=/var/run/postgresql&user=u", "u@/var/run/postgresql:5432/d")]
    [InlineData("postgresql://u@%2Fvar%2Frun/d", "u@/var/run:5432/d")]
    [InlineData("postgresql://u@h?dbname=d&port=7", "u@h:7/d")]
    public void Urls_are_read_as_they_are_meant(string url, string display) =>
        Ok(url).Display.ShouldBe(display);

    [Theory]
    [InlineData("p%40ss%3Aw%2Ford", "p@ss:w/ord")]
    [InlineData("100%25", "100%")]
    [InlineData("p+q", "p+q")]
    [InlineData("a:b", "a:b")]
    [InlineData("%C3%BC%F0%9F%94%91", "ü🔑")]
    [InlineData("semi%3Bcolon%3D'quote'", "semi;colon='quote'")]
    public void Passwords_are_decoded_exactly(string written, string password) =>
        Connection($"postgresql://u:{written}@h/d").Password.ShouldBe(password);

    [Theory]
    [InlineData("disable", SslMode.Disable)]
    [InlineData("allow", SslMode.Allow)]
    [InlineData("prefer", SslMode.Prefer)]
    [InlineData("require", SslMode.Require)]
    [InlineData("verify-ca", SslMode.VerifyCA)]
    [InlineData("verify-full", SslMode.VerifyFull)]
    public void Sslmode_has_the_words_of_libpq(string word, SslMode mode) =>
        Connection($"postgresql://u@h/d?sslmode={word}").SslMode.ShouldBe(mode);

    [Fact]
    public void Other_parameters_arrive()
    {
        var connection = Connection(
            "postgresql://u@h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&sslcert=/c&sslkey=/k&sslpassword=s"
                + "&application_name=blue&connect_timeout=9&channel_binding=require&password=later"
        );

        connection.RootCertificate.ShouldBe("/etc/ca.pem");
        connection.SslCertificate.ShouldBe("/c");
        connection.SslKey.ShouldBe("/k");
        connection.SslPassword.ShouldBe("s");
        connection.ApplicationName.ShouldBe("blue");
        connection.Timeout.ShouldBe(9);
        connection.ChannelBinding.ShouldBe(ChannelBinding.Require);
        connection.Password.ShouldBe("later");
        connection.GssEncryptionMode.ShouldBe(GssEncryptionMode.Disable);
    }

    [Theory]
    [InlineData("sslrootcert=system", SslMode.VerifyFull)]
    [InlineData("sslrootcert=system&sslmode=verify-full", SslMode.VerifyFull)]
    [InlineData("sslrootcert=/ca.pem", SslMode.VerifyCA)]
    [InlineData("sslmode=require&sslrootcert=/ca.pem", SslMode.VerifyCA)]
    [InlineData("sslmode=verify-ca&sslrootcert=/ca.pem", SslMode.VerifyCA)]
    [InlineData("sslrootcert=/ca.pem&sslmode=verify-full", SslMode.VerifyFull)]
    public void Who_names_certificates_has_the_servers_checked(string parameters, SslMode mode)
    {
        var connection = Connection($"postgresql://u@h/d?{parameters}");

        connection.SslMode.ShouldBe(mode);
        connection.RootCertificate.ShouldBe(
            parameters.Contains("system", StringComparison.Ordinal) ? null : "/ca.pem"
        );
    }

    [Theory]
    [InlineData("host=localhost", "must begin with postgresql://")]
    [InlineData("http://u@h/d", "must begin with postgresql://")]
    [InlineData("postgresql://u@/d", "must name one host")]
    [InlineData("postgresql://u@a,b/d", "must name one host")]
    [InlineData("postgresql://h/d", "must name the user")]
    [InlineData("postgresql://u@h", "must name the database")]
    [InlineData("postgresql://u@h/", "must name the database")]
    [InlineData("postgresql://u@h:0/d", "port must be a whole number from 1 to 65535")]
    [InlineData("postgresql://u@h:65536/d", "port must be a whole number")]
    [InlineData("postgresql://u@h:5x/d", "port must be a whole number")]
    [InlineData("postgresql://u@[::1/d", "brackets")]
    [InlineData("postgresql://u@[::1]5432/d", "brackets")]
    [InlineData("postgresql://u@[localhost]/d", "brackets")]
    [InlineData("postgresql://u@::1/d", "port must be a whole number")]
    [InlineData("postgresql://u:100%@h/d", "%25")]
    [InlineData("postgresql://u:%zz@h/d", "%25")]
    [InlineData("postgresql://u:%00@h/d", "control characters")]
    [InlineData("postgresql://u@h/d?options=-csearch_path%3Dx", "startup options")]
    [InlineData("postgresql://u@h/d?sslmode=on", "sslmode must be disable")]
    [InlineData("postgresql://u@h/d?sslmode=require&sslrootcert=system", "sslmode must be verify-full")]
    [InlineData(
        "postgresql://u@h/d?sslmode=prefer&sslrootcert=/ca.pem",
        "sslmode must be require, verify-ca"
    )]
    [InlineData("postgresql://u@h/d?channel_binding=1", "channel_binding must be")]
    [InlineData("postgresql://u@h/d?connect_timeout=0", "connect_timeout")]
    [InlineData("postgresql://u@h/d?pgbouncer=true", "not known here")]
    public void What_cannot_be_used_is_refused_with_what_would_be_right(string url, string wish) =>
        DatabaseUrl.Parse(url).ShouldBeOfType<DatabaseUrlResult.Faulty>().Sentence.ShouldContain(wish);

    private static DatabaseSettings Ok(string url) =>
        DatabaseUrl.Parse(url).ShouldBeOfType<DatabaseUrlResult.Ok>().Database;

    private static NpgsqlConnectionStringBuilder Connection(string url) =>
        new(Ok(url).ConnectionString.Reveal());
}

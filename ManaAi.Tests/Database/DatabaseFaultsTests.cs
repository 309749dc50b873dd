using ManaAi.Actors.Database;

namespace ManaAi.Tests.Database;

public sealed class DatabaseFaultsTests
{
    [Fact]
    public void A_connection_that_ends_as_it_is_taken_from_the_pool_is_the_databases_doing()
    {
        var seen = new ObjectDisposedException(typeof(ManualResetEventSlim).FullName);

        seen.IsDatabaseFault().ShouldBeTrue();
        DatabaseFaults.Describe(seen).ShouldStartWith("the database cannot be reached");
    }

    [Fact]
    public void What_we_disposed_of_ourselves_is_not()
    {
        new ObjectDisposedException("Npgsql.PoolingDataSource").IsDatabaseFault().ShouldBeFalse();
        new InvalidOperationException().IsDatabaseFault().ShouldBeFalse();
    }
}

using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>How this login reaches the change log: its shape, and whether there is a role to become a user with.</summary>
/// <param name="HasUserRole">
/// False only for a superuser without the documented roles: then the setting alone names the user, and nothing binds.
/// </param>
public sealed record LogAccess(LogShape Shape, bool HasUserRole)
{
    public const string UserRole = "mana_ai_user";
    public const string OwnerRole = "mana_ai_owner";
    public const string ReaderRole = "mana_ai_reader";

    /// <summary>Adds what binds the rest of the batch to one user's rows; the last of it gives one result set.</summary>
    public void BecomeUser(NpgsqlBatch batch, UserId user)
    {
        TakeUserRole(batch);
        ActAs(batch, user);
    }

    /// <summary>Adds what binds the rest of the batch to the rows of whom it names; no result set.</summary>
    public void TakeUserRole(NpgsqlBatch batch)
    {
        if (HasUserRole)
        {
            batch.Then($"set local role {UserRole}");
        }
    }

    /// <summary>Adds who it is, under that role; one result set.</summary>
    public static void ActAs(NpgsqlBatch batch, UserId user) =>
        batch.Then(Sql.Get("ActAsUser")).Add("user", user.Value);

    /// <summary>Adds what gives the login's own rights back within the transaction; no result set.</summary>
    public void BecomeSelf(NpgsqlBatch batch)
    {
        if (HasUserRole)
        {
            batch.Then("reset role");
        }
    }
}

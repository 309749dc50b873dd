using ManaAi.Actors.Database;

namespace ManaAi.Actors.Diagnosis;

/// <summary>Whether this login sees the log and keeps users apart, and whether the roles are as roles.sql makes them.</summary>
internal static class RoleCheck
{
    private const string RunRoles =
        "run docker/postgres/roles.sql once more, as a superuser: it puts roles and grants right";

    private static readonly Role[] Documented =
    [
        new(LogAccess.OwnerRole, IsLogin: false, IsExempt: false, []),
        new(LogAccess.ReaderRole, IsLogin: true, IsExempt: true, [LogAccess.OwnerRole, LogAccess.UserRole]),
        new(LogAccess.UserRole, IsLogin: false, IsExempt: false, []),
    ];

    public static async Task<IReadOnlyList<Symptom>> RunAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        var probe = await LogAccessProbe.RunAsync(database, cancellationToken);
        var symptoms = new List<Symptom>(probe.Reasons.Select(OfReason));
        symptoms.AddRange(probe.Degradations.Select(one => OfReason(one) with { Health = Health.Warning }));
        if (!probe.IsLogThere)
        {
            return symptoms;
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        var roles = await ReadRolesAsync(transaction, cancellationToken);
        if (roles.Count > 0)
        {
            symptoms.AddRange(Documented.SelectMany(wanted => Compare(wanted, roles)));
            symptoms.AddRange(await OfGrantsAsync(transaction, cancellationToken));
        }

        if (probe is { IsSuperuser: true, Degradations.Count: 0 })
        {
            symptoms.Add(
                Symptom.Warning(
                    Checks.Roles,
                    $"The login {probe.Login} is a superuser: more than the service needs, should it ever be misled.",
                    $"let SYNC_DATABASE_URL log in as {LogAccess.ReaderRole}"
                )
            );
        }

        return symptoms.Count > 0
            ? symptoms
            :
            [
                Symptom.Well(
                    Checks.Roles,
                    $"{probe.Login} sees the whole log, and as one user only that user's rows."
                ),
            ];
    }

    /// <summary>The probe's sentences say behind a colon what to do.</summary>
    private static Symptom OfReason(string reason)
    {
        var parts = reason.Split(": ", 2);
        return Symptom.Fault(Checks.Roles, $"{parts[0]}.", parts is [_, var remedy] ? remedy : RunRoles);
    }

    private static IEnumerable<Symptom> Compare(Role wanted, IReadOnlyList<Role> roles)
    {
        if (roles.FirstOrDefault(role => role.Name == wanted.Name) is not { } role)
        {
            yield return Symptom.Fault(Checks.Roles, $"The role {wanted.Name} is missing.", RunRoles);
            yield break;
        }

        (bool IsSo, Health Health, string Sentence)[] faults =
        [
            (
                role.IsExempt && !wanted.IsExempt,
                Health.Fault,
                "is exempt from row-level security, and so sees every user's rows"
            ),
            (
                !role.IsExempt && wanted.IsExempt,
                Health.Fault,
                "is not exempt from row-level security, and so sees no rows"
            ),
            (
                wanted.MemberOf.Except(role.MemberOf, StringComparer.Ordinal).Any(),
                Health.Fault,
                $"is not a member of {string.Join(" and ", wanted.MemberOf)}"
            ),
            (role.IsLogin && !wanted.IsLogin, Health.Warning, "may log in"),
            (
                role.IsPowerful,
                Health.Warning,
                "may do more than it needs (superuser, or making roles or databases, or replication)"
            ),
            (
                role.IsInheriting,
                Health.Warning,
                "inherits the rights of its roles, which it should only have when it takes them"
            ),
        ];
        foreach (var (_, health, sentence) in faults.Where(fault => fault.IsSo))
        {
            yield return new Symptom(Checks.Roles, health, $"The role {wanted.Name} {sentence}.", RunRoles);
        }
    }

    private static async Task<IReadOnlyList<Role>> ReadRolesAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("RoleAttributes"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var roles = new List<Role>();
        while (await reader.ReadAsync(cancellationToken))
        {
            roles.Add(
                new Role(
                    reader.GetString(0),
                    reader.GetBoolean(1),
                    reader.GetBoolean(2),
                    reader.GetFieldValue<string[]>(5)
                )
                {
                    IsInheriting = reader.GetBoolean(3),
                    IsPowerful = reader.GetBoolean(4),
                }
            );
        }

        return roles;
    }

    private static async Task<IReadOnlyList<Symptom>> OfGrantsAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("LogGrants"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var symptoms = new List<Symptom>();
        while (await reader.ReadAsync(cancellationToken))
        {
            symptoms.Add(
                Symptom.Warning(
                    Checks.Roles,
                    $"{reader.GetString(0)} may {reader.GetString(1)} on public.sync_changes, which it never does.",
                    RunRoles
                )
            );
        }

        return symptoms;
    }

    private sealed record Role(string Name, bool IsLogin, bool IsExempt, IReadOnlyList<string> MemberOf)
    {
        public bool IsInheriting { get; init; }

        public bool IsPowerful { get; init; }
    }
}

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>Addresses of missions; ids are any text.</summary>
public static class MissionPaths
{
    public static string Of(string userId, string missionId, string rest = "") =>
        $"{DashboardEndpoints.Root}/missions/{Uri.EscapeDataString(userId)}/{Uri.EscapeDataString(missionId)}{rest}";
}

using System.Security.Cryptography;
using System.Text.Json;

namespace Platform.Local;

/// <summary>Who may enter the tenant <c>demo</c>. Kept in the data folder for its owner alone.</summary>
internal sealed record Credentials(string Url, string Tenant, string ClientId, string ClientSecret, IReadOnlyList<LocalUser> Users)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Null when there are none yet.</summary>
    public static async Task<Credentials?> ReadAsync(string path, CancellationToken ct)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        await using var file = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<Credentials>(file, JsonSerializerOptions.Web, ct);
    }

    /// <summary>Whole or not at all: written beside and moved.</summary>
    public async Task WriteAsync(string path, CancellationToken ct)
    {
        var beside = path + ".new";
        File.Delete(beside);
        await using (var file = new FileStream(beside, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            await JsonSerializer.SerializeAsync(file, this, Indented, ct);
            await file.FlushAsync(ct);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }

        File.Move(beside, path, overwrite: true);
    }

    public string ToLine() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}

/// <summary>A person of the tenant <c>demo</c>, or the platform's operator.</summary>
internal sealed record LocalUser(string Role, string Email, string Password)
{
    /// <summary>About 85 bits in letters and digits that nobody mistakes for one another.</summary>
    public static string NewPassword()
    {
        const string Lower = "abcdefghjkmnpqrstuvwxyz";
        const string Upper = "ABCDEFGHJKLMNPQRSTUVWXYZ";
        const string Digits = "23456789";
        return string.Join(
            '-',
            RandomNumberGenerator.GetString(Lower, 5),
            RandomNumberGenerator.GetString(Upper, 5),
            RandomNumberGenerator.GetString(Digits, 5),
            RandomNumberGenerator.GetString(Lower, 5));
    }
}

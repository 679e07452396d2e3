using System.Buffers;
using Platform.Api.Security;
using Platform.Dicom.Deidentification;

namespace Platform.Api.Dicomweb;

/// <summary>UIDs in a URL: as stored, or as received before de-identification gave them another.</summary>
internal static class UidPath
{
    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789.");

    /// <summary>Digits and dots, 64 at most. Anything else in a path names nothing: 404.</summary>
    public static bool IsWellFormed(string uid) => uid.Length is > 0 and <= 64 && !uid.AsSpan().ContainsAnyExcept(Characters);

    /// <summary>The forms under which it may be stored; none when malformed.</summary>
    public static string[] FormsOf(string uid, DeidentificationKeys keys) => IsWellFormed(uid) ? [uid, keys.MapUid(uid)] : [];

    /// <summary>The same answer for an absent, a foreign and a malformed one.</summary>
    public static IResult NotFound(string what) =>
        TypedResults.Problem($"No such {what}.", statusCode: StatusCodes.Status404NotFound);
}

/// <summary>Absolute URL of a tenant's DICOMweb root.</summary>
internal static class DicomwebUrl
{
    public static string Of(HttpContext http, CurrentTenant tenant) =>
        $"{http.Request.Scheme}://{http.Request.Host}{http.Request.PathBase}/t/{tenant.Slug}/dicomweb";
}

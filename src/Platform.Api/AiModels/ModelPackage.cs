using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>A package that this installation holds as a blob.</summary>
/// <param name="Hash">Lower-case hex SHA-256 of the zip.</param>
/// <param name="Manifest">The manifest's text as the author wrote it.</param>
internal sealed record ModelPackage(string Hash, string Manifest, ModelSummary Summary);

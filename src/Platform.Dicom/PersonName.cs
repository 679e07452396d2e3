namespace Platform.Dicom;

/// <summary>A person's name: alphabetic, ideographic and phonetic groups, each "family^given^middle^prefix^suffix" (PS3.5 §6.2.1).</summary>
public sealed record PersonName(string Alphabetic, string Ideographic = "", string Phonetic = "")
{
    public string FamilyName => Component(0);

    public string GivenName => Component(1);

    public string MiddleName => Component(2);

    public string Prefix => Component(3);

    public string Suffix => Component(4);

    /// <summary>Splits a PN value at "=".</summary>
    public static PersonName Parse(string value)
    {
        var groups = value.Split('=', 3);
        return new PersonName(groups[0], groups.Length > 1 ? groups[1] : "", groups.Length > 2 ? groups[2] : "");
    }

    /// <summary>The PN value, without empty groups at its end.</summary>
    public override string ToString() => $"{Alphabetic}={Ideographic}={Phonetic}".TrimEnd('=');

    private string Component(int index) => Alphabetic.Split('^') is var parts && index < parts.Length ? parts[index] : "";
}

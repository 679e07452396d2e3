using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Platform.Api.Studies;

/// <summary>The coded body part of a series, read at ingest from texts that cleaning removes; codes of PS3.16 Annex L.</summary>
public static class BodyParts
{
    /// <summary>A code and the keyword of the attribute whose text said so.</summary>
    public sealed record Found(string Code, string Source);

    // A narrower part replaces a wider one that an earlier text named: HEAD, then "hippocampus T1" gives HIPPOCAMPUS.
    private static readonly FrozenDictionary<string, string> WiderOf = new Dictionary<string, string>
    {
        ["HIPPOCAMPUS"] = "BRAIN",
        ["PITUITARY"] = "BRAIN",
        ["BRAIN"] = "HEAD",
        ["ORBIT"] = "HEAD",
        ["SINUS"] = "HEAD",
        ["SKULL"] = "HEAD",
        ["JAW"] = "HEAD",
        ["EAR"] = "HEAD",
        ["THYROID"] = "NECK",
        ["LUNG"] = "CHEST",
        ["HEART"] = "CHEST",
        ["BREAST"] = "CHEST",
        ["RIB"] = "CHEST",
        ["LIVER"] = "ABDOMEN",
        ["KIDNEY"] = "ABDOMEN",
        ["PANCREAS"] = "ABDOMEN",
        ["SPLEEN"] = "ABDOMEN",
        ["PROSTATE"] = "PELVIS",
        ["BLADDER"] = "PELVIS",
        ["UTERUS"] = "PELVIS",
        ["CSPINE"] = "SPINE",
        ["TSPINE"] = "SPINE",
        ["LSPINE"] = "SPINE",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Whole words after folding case and accents; English, German, French, Spanish, Portuguese, Russian.
    private static readonly FrozenDictionary<string, string> Words = Table(
        ("HIPPOCAMPUS", "HIPPOCAMPUS HIPPOCAMPAL HIPPOCAMPE HIPOCAMPO ГИППОКАМП"),
        ("PITUITARY", "PITUITARY HYPOPHYSE HYPOPHYSIS SELLA HIPOFISIS HIPOFISE"),
        ("BRAIN", "BRAIN CEREBRUM CEREBRAL CRANIAL NEURO GEHIRN HIRN CERVEAU CEREBRO ENCEPHALE МОЗГ STROKE"),
        ("ORBIT", "ORBIT ORBITS ORBITA EYE AUGE"),
        ("SINUS", "SINUS SINUSES NNH PARANASAL"),
        ("SKULL", "SKULL"),
        ("JAW", "JAW MANDIBLE MAXILLA DENTAL UNTERKIEFER"),
        ("EAR", "EAR IAC FELSENBEIN"),
        ("HEAD", "HEAD KOPF SCHADEL TETE CRANE CABEZA CRANEO CABECA CRANIO ГОЛОВА ЧЕРЕП"),
        ("NECK", "NECK HALS COU CUELLO PESCOCO CAROTID ШЕЯ"),
        ("THYROID", "THYROID SCHILDDRUSE THYROIDE TIROIDES"),
        ("LUNG", "LUNG LUNGS LUNGE POUMON PULMON PULMAO PULMONARY HRCT ЛЕГКИЕ"),
        ("HEART", "HEART CARDIAC CARDIO HERZ COEUR CORAZON CORONARY CORACAO СЕРДЦЕ"),
        ("BREAST", "BREAST MAMMO MAMMA MAMMOGRAPHY SEIN MAMA"),
        ("RIB", "RIB RIBS RIPPEN COSTAL"),
        ("CHEST", "CHEST THORAX THORACIC TORAX BRUSTKORB CXR ГРУДНАЯ ГРУДЬ"),
        ("LIVER", "LIVER LEBER FOIE HIGADO FIGADO HEPATIC ПЕЧЕНЬ"),
        ("KIDNEY", "KIDNEY KIDNEYS NIERE NIEREN REIN RINON RENAL UROGRAM"),
        ("PANCREAS", "PANCREAS PANKREAS"),
        ("SPLEEN", "SPLEEN MILZ BAZO"),
        ("ABDOMEN", "ABDOMEN ABDOMINAL BAUCH ABD ЖИВОТ"),
        ("PROSTATE", "PROSTATE PROSTATA"),
        ("BLADDER", "BLADDER HARNBLASE VESSIE VEJIGA"),
        ("UTERUS", "UTERUS OBSTETRIC FETAL"),
        ("PELVIS", "PELVIS PELVIC BECKEN BASSIN ТАЗ"),
        ("CSPINE", "CSPINE HWS CERVICAL"),
        ("TSPINE", "TSPINE BWS"),
        ("LSPINE", "LSPINE LWS LUMBAR LOMBAIRE LUMBOSACRAL"),
        ("SPINE", "SPINE WIRBELSAULE RACHIS COLUMNA COLUNA ПОЗВОНОЧНИК"),
        ("SHOULDER", "SHOULDER SCHULTER EPAULE HOMBRO"),
        ("ELBOW", "ELBOW ELLBOGEN COUDE CODO"),
        ("WRIST", "WRIST HANDGELENK POIGNET MUNECA"),
        ("HAND", "HAND MANO FINGER"),
        ("HIP", "HIP HUFTE HANCHE CADERA"),
        ("KNEE", "KNEE KNIE GENOU RODILLA JOELHO КОЛЕНО"),
        ("ANKLE", "ANKLE SPRUNGGELENK CHEVILLE TOBILLO"),
        ("FOOT", "FOOT FUSS PIED"),
        ("AORTA", "AORTA AORTIC"),
        ("WHOLEBODY", "WHOLEBODY GANZKORPER"));

    // Scripts without spaces: the text contains them. Longer ones first, since 头颅 says more than 头.
    private static readonly (string Text, string Code)[] Fragments =
    [
        ("海马", "HIPPOCAMPUS"), ("垂体", "PITUITARY"), ("头颅", "HEAD"), ("颅脑", "BRAIN"), ("脑", "BRAIN"), ("海馬", "HIPPOCAMPUS"),
        ("頭部", "HEAD"), ("頭", "HEAD"), ("头", "HEAD"), ("颈椎", "CSPINE"), ("頚椎", "CSPINE"), ("胸椎", "TSPINE"),
        ("腰椎", "LSPINE"), ("颈", "NECK"), ("肺", "LUNG"), ("心脏", "HEART"), ("心臓", "HEART"), ("乳腺", "BREAST"), ("胸", "CHEST"), ("肝", "LIVER"),
        ("肾", "KIDNEY"), ("腎", "KIDNEY"), ("腹", "ABDOMEN"), ("盆", "PELVIS"), ("骨盤", "PELVIS"), ("膝", "KNEE"), ("脊柱", "SPINE"),
        ("뇌", "BRAIN"), ("흉부", "CHEST"), ("복부", "ABDOMEN"),
    ];

    private static readonly (string Phrase, string Code)[] Phrases =
    [
        (" C SPINE ", "CSPINE"), (" T SPINE ", "TSPINE"), (" L SPINE ", "LSPINE"), (" CERVICAL SPINE ", "CSPINE"),
        (" THORACIC SPINE ", "TSPINE"), (" LUMBAR SPINE ", "LSPINE"), (" WHOLE BODY ", "WHOLEBODY"), (" TOTAL BODY ", "WHOLEBODY"),
    ];

    /// <summary>The part that the first telling text names, narrowed by later ones; null when none says anything.</summary>
    /// <param name="texts">Attribute keyword and its text, the most trustworthy first.</param>
    public static Found? Derive(IEnumerable<(string Keyword, string? Text)> texts)
    {
        Found? found = null;
        foreach (var (keyword, text) in texts)
        {
            var code = CodeIn(text);
            if (code is not null && (found is null || IsNarrower(code, found.Code)))
            {
                found = new Found(code, keyword);
            }
        }

        return found;
    }

    /// <summary>The part that one text names first, narrowed by what else it names; null when it names none.</summary>
    public static string? CodeIn(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var folded = Fold(text);
        foreach (var (phrase, code) in Phrases)
        {
            if (folded.Contains(phrase, StringComparison.Ordinal))
            {
                return code;
            }
        }

        string? best = null;
        foreach (var word in folded.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Words.TryGetValue(word, out var code) && (best is null || IsNarrower(code, best)))
            {
                best = code;
            }
        }

        if (best is null)
        {
            foreach (var (fragment, code) in Fragments)
            {
                if (text.Contains(fragment, StringComparison.Ordinal))
                {
                    return code;
                }
            }
        }

        return best;
    }

    /// <summary>Whether <paramref name="code"/> is <paramref name="wider"/> or lies in it.</summary>
    public static bool IsWithin(string code, string wider)
    {
        for (var part = code; part is not null; part = WiderOf.GetValueOrDefault(part))
        {
            if (part == wider)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNarrower(string code, string than) => code != than && IsWithin(code, than);

    // Upper case without accents, every run of other characters one space, a space at both ends.
    private static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length + 2).Append(' ');
        foreach (var accented in text)
        {
            var c = Plain(char.ToUpperInvariant(accented));
            if (char.IsLetterOrDigit(c))
            {
                folded.Append(c);
            }
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark && folded[^1] != ' ')
            {
                folded.Append(' ');
            }
        }

        return folded[^1] == ' ' ? folded.ToString() : folded.Append(' ').ToString();
    }

    // Without ICU (InvariantGlobalization) string.Normalize leaves accents on, so Latin ones are folded here.
    private static char Plain(char upper) => upper switch
    {
        >= 'À' and <= 'Å' => 'A',
        'Ç' => 'C',
        >= 'È' and <= 'Ë' => 'E',
        >= 'Ì' and <= 'Ï' => 'I',
        'Ñ' => 'N',
        >= 'Ò' and <= 'Ö' or 'Ø' => 'O',
        >= 'Ù' and <= 'Ü' => 'U',
        'Ý' => 'Y',
        _ => upper,
    };

    private static FrozenDictionary<string, string> Table(params (string Code, string Words)[] rows) =>
        rows.SelectMany(row => row.Words.Split(' ').Select(word => (word, row.Code)))
            .ToFrozenDictionary(pair => pair.word, pair => pair.Code, StringComparer.Ordinal);
}

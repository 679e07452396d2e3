using System.Collections.Frozen;
using System.Text;

namespace Platform.Dicom.Deidentification;

/// <summary>
/// Cleans free text (action C of Table E.1-1): words of a vocabulary of imaging stay, everything else goes, for nobody can list the
/// names of people. Words that the data set itself uses to identify go even where the vocabulary has them.
/// </summary>
internal sealed class DescriptorWords
{
    private const string Anatomy = """
        abdomen abdominal adrenal ankle aorta aortic appendix arm artery arteries atrium axilla biliary bladder body bone bones bowel
        brain brainstem breast bronchi calf cardiac carotid carpal cerebellum cerebral cervical chest clavicle coccyx colon cord coronary
        cranial cranium disc duodenum ear elbow extremity eye face facial femoral femur fibula finger fingers foot forearm gallbladder
        gland hand head heart hepatic hip hippocampus humerus iliac internal intestine jaw joint kidney kidneys knee larynx leg limb liver
        lobe lumbar lung lungs lymph mandible maxilla mediastinum meniscus muscle nasal neck node nodes nose ocular optic oral orbit orbits
        ovary palate pancreas parotid pelvic pelvis petrous pharynx pituitary placenta pleura pleural portal prostate pulmonary radius
        rectal rectum renal rib ribs sacral sacrum scapula scrotum shoulder sinus sinuses skeleton skull spinal spine spleen sternum stomach
        temporal testis thigh thoracic thorax throat thumb thyroid tibia tibial toe toes tongue tooth torso trachea ulna ureter urethra
        urinary uterus vagina vascular vein veins vena venous ventricle vertebra vertebrae vessel vessels wrist
        """;

    private const string Imaging = """
        2d 3d 4d adc angio angiogram angiography ap arterial asl attenuation average axial axials b0 biopsy bilateral blood bold bolus
        bravo calcium calibration cbct cemra cine color colour contrast coronal ct cta ctdi ctp cube curved deep delayed density diffusion
        digital dixon doppler dose dti dual dwi dynamic ecg echo edge emission enhanced enhancement epi exam excretory expiration extension
        fast fat fatsat fdg field filter fiesta fine first flair flash flexion flow fluid fluoroscopy fmri follow followup fov frame frames
        frontal fse full function functional gad gadolinium gated gating ge gradient gre grid haste high image images imaging in inferior
        injection inspiration intensity inversion iodine irm iv kernel large lat lateral left localiser localizer long low lower lt lossy
        magnitude map maps mammogram mammography medial medium middle mip mm motion mpr mprage mr mra mri mrcp mrs mrv multi multiphase
        native navigator nm nodule non nuclear oblique opposed original out pa parallel parametric pd perfusion pet phase phantom plain
        plane planes planning portable post posterior anterior pre proton protocol proximal distal pulse qc quality radial radiograph
        radiography rapid ratio raw recon reconstruction ref reformat reformatted region relaxation repeat resolution resp respiration
        rest right rotation routine rt sagittal scan scout screening second segmentation sense sequence series short shot single slab
        slice slices small smooth soft space spect spectroscopy spgr spin spine spiral spoiled stack standard static stir stress study
        subtracted subtraction superior supine prone survey susceptibility swi t1 t1w t2 t2w t2star technique test thick thickness thin
        third three time tirm tissue tof topogram total tra trace transversal transverse trufi tse two ultrasound unenhanced upper us
        venogram view views vibe volume vrt water wave weighted whole wide window with without wo w x xa xr xray dx cr mg rf ot
        """;

    private const string Findings = """
        abscess abnormal absent acute aneurysm area atrophy benign calcification calcified cancer change changes chronic clear collapse
        complete consolidation cyst cystic degeneration diameter dilated disease dissection edema effusion embolism embolus emphysema
        evidence finding findings fracture fractures haemorrhage hemorrhage hernia infarct infection inflammation injury ischemia lesion
        lesions length malignant mass masses metastases metastasis mild minimal moderate negative no none normal nodules obstruction
        opacity pain pneumonia pneumothorax polyp positive possible present previous probable report scar severe site size stable stenosis
        stone stones stroke suspected swelling syndrome thrombosis thrombus trauma tuberculosis tumor tumour unchanged unremarkable
        varices volume width
        """;

    private const string Words = """
        above after and angle as at before below between by center centre coerce correct data device during end for from height indication
        intervention is measurement method mode model negative normal not of off on or over per position procedure quantity reason
        reference result run sample segment start surgery surgical target the to type unit units up value was
        bmatrix directional isotropic
        """;

    private static readonly FrozenSet<string> Known =
        $"{Anatomy} {Imaging} {Findings} {Words}".Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Units =
        new[] { "mm", "cm", "ml", "cc", "kv", "kvp", "mas", "ms", "s", "sec", "min", "hz", "t", "mg", "gy", "mgy", "hu" }
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Attributes whose words identify, besides every name of a person.</summary>
    private static readonly DicomTag[] Identifying =
    [
        DicomTags.PatientID, DicomTags.OtherPatientIDs, DicomTags.PatientAddress, DicomTags.PatientTelephoneNumbers,
        DicomTags.AccessionNumber, DicomTags.StudyID, DicomTags.AdmissionID, DicomTags.InstitutionName, DicomTags.InstitutionAddress,
        DicomTags.StationName, DicomTags.DeviceSerialNumber, DicomTags.MedicalRecordLocator, DicomTags.MilitaryRank,
        DicomTags.CountryOfResidence, DicomTags.RegionOfResidence, DicomTags.Occupation, DicomTags.PatientReligiousPreference,
    ];

    private readonly HashSet<string> _identifying = new(StringComparer.OrdinalIgnoreCase);

    private DescriptorWords()
    {
    }

    /// <summary>Whether the vocabulary has every word of a text, and it has one.</summary>
    public static bool IsKnown(string text) => Split(text) is { Count: > 0 } words && words.All(Known.Contains);

    /// <summary>Whether cleaning would leave a text as it is.</summary>
    public static bool IsClean(string text) => new DescriptorWords().Clean(text) == text;

    /// <summary>Learns from a data set as received, before anything is removed, which words identify.</summary>
    public static DescriptorWords Of(DicomDataset root)
    {
        var words = new DescriptorWords();
        var pending = new Stack<DicomDataset>([root]);
        while (pending.TryPop(out var dataset))
        {
            foreach (var element in dataset)
            {
                foreach (var item in element.Items ?? [])
                {
                    pending.Push(item);
                }

                if (element.Vr == DicomVr.PN || Identifying.Contains(element.Tag))
                {
                    foreach (var value in dataset.GetStrings(element.Tag))
                    {
                        words._identifying.UnionWith(Split(value).Where(w => w.Length > 1));
                    }
                }
            }
        }

        return words;
    }

    /// <summary>What stays of a text: known words, and lengths, doses and times with their unit; "" if nothing does.</summary>
    public string Clean(string text)
    {
        var kept = new StringBuilder(text.Length);

        // Half of "w/o contrast" would say the opposite.
        var words = Split(text.Replace("w/o", "wo", StringComparison.OrdinalIgnoreCase));
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            var isMeasured = IsSmallNumber(word) && i + 1 < words.Count && Units.Contains(words[i + 1]);
            if (_identifying.Contains(word) || !(isMeasured || Known.Contains(word) || IsQuantity(word) || IsUnitOf(words, i)))
            {
                continue;
            }

            kept.Append(kept.Length == 0 ? "" : " ").Append(word);
        }

        return kept.ToString();
    }

    private static bool IsSmallNumber(string word) => word.Length <= 3 && word.All(char.IsAsciiDigit);

    private static bool IsUnitOf(List<string> words, int i) => i > 0 && Units.Contains(words[i]) && IsSmallNumber(words[i - 1]);

    /// <summary>"5mm", "120kv".</summary>
    private static bool IsQuantity(string word)
    {
        var digits = word.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return digits is >= 1 and <= 3 && Units.Contains(word[digits..]);
    }

    /// <summary>Runs of ASCII letters and digits; a letter of another script makes its whole word unknown.</summary>
    private static List<string> Split(string text)
    {
        var words = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            if (!IsOfWord(text[i]))
            {
                i++;
                continue;
            }

            var start = i;
            while (i < text.Length && IsOfWord(text[i]))
            {
                i++;
            }

            words.Add(text[start..i]);
        }

        return words;
    }

    private static bool IsOfWord(char c) => char.IsLetterOrDigit(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;
}

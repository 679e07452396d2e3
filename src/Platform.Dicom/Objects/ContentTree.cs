using System.Buffers.Binary;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>The content tree of a structured report (PS3.3 §C.17.3): from a data set and into one. Neither way recurses.</summary>
public static class ContentTree
{
    private static readonly (ContentRelationship Relationship, string Text)[] Relationships =
    [
        (ContentRelationship.Contains, "CONTAINS"),
        (ContentRelationship.HasObservationContext, "HAS OBS CONTEXT"),
        (ContentRelationship.HasConceptModifier, "HAS CONCEPT MOD"),
        (ContentRelationship.HasProperties, "HAS PROPERTIES"),
        (ContentRelationship.HasAcquisitionContext, "HAS ACQ CONTEXT"),
        (ContentRelationship.InferredFrom, "INFERRED FROM"),
        (ContentRelationship.SelectedFrom, "SELECTED FROM"),
    ];

    /// <summary>Items of a tree at most: each costs many times the eight bytes that it may have in a file.</summary>
    public const int MaxItems = 100_000;

    /// <summary>Reads the tree of a report. Items that it cannot read are <see cref="UnreadItem"/>.</summary>
    /// <exception cref="DicomException">InvalidValue where the root is no container; OverBudget.</exception>
    public static ContainerItem Read(DicomDataset dataset)
    {
        if (dataset.GetString(DicomTags.ValueType) != "CONTAINER")
        {
            throw new DicomException(DicomError.InvalidValue, "A report begins with a container", DicomTags.ValueType);
        }

        // Parents come before their children in the list, so going back through it every child is ready before its parent.
        var items = new List<(DicomDataset Item, int Parent)> { (dataset, -1) };
        for (var i = 0; i < items.Count; i++)
        {
            var content = items[i].Item.GetSequence(DicomTags.ContentSequence);
            if (content.Count > MaxItems - items.Count)
            {
                throw PixelErrors.OverBudget(nameof(MaxItems), MaxItems, DicomTags.ContentSequence);
            }

            items.AddRange(content.Select(child => (child, i)));
        }

        var children = new List<ContentItem>?[items.Count];
        for (var i = items.Count - 1; i > 0; i--)
        {
            (children[items[i].Parent] ??= []).Add(ReadItem(items[i].Item, InOrder(children[i])));
        }

        return (ContainerItem)ReadItem(dataset, InOrder(children[0]));
    }

    /// <summary>Writes a tree into the data set of its report.</summary>
    public static void Write(DicomDataset dataset, ContainerItem root)
    {
        // Items are filled before they are put into their sequence, the deepest last to be made and first to be put.
        var made = new List<(DicomDataset Item, ContentItem Content, int Parent)> { (dataset, root, -1) };
        for (var i = 0; i < made.Count; i++)
        {
            WriteItem(made[i].Item, made[i].Content);
            made.AddRange(made[i].Content.Children.Select(child => (new DicomDataset(), child, i)));
        }

        var children = new List<DicomDataset>?[made.Count];
        for (var i = made.Count - 1; i >= 0; i--)
        {
            if (children[i] is { } below)
            {
                below.Reverse();
                made[i].Item.SetSequence(DicomTags.ContentSequence, below);
            }

            if (i > 0)
            {
                (children[made[i].Parent] ??= []).Add(made[i].Item);
            }
        }
    }

    private static List<ContentItem> InOrder(List<ContentItem>? backwards)
    {
        backwards?.Reverse();
        return backwards ?? [];
    }

    private static ContentItem ReadItem(DicomDataset item, List<ContentItem> children)
    {
        var name = Code(item, DicomTags.ConceptNameCodeSequence);
        var text = item.GetString(DicomTags.RelationshipType);
        var relationship = text is null
            ? ContentRelationship.Root
            : Relationships.Where(r => r.Text == text).Select(r => r.Relationship).FirstOrDefault(ContentRelationship.Other);
        var type = item.GetString(DicomTags.ValueType) ?? "";
        ContentItem? read = type switch
        {
            "CONTAINER" => new ContainerItem(relationship, name)
            {
                TemplateId = item.GetSequence(DicomTags.ContentTemplateSequence) is [var template, ..]
                    ? template.GetString(DicomTags.TemplateIdentifier)
                    : null,
            },
            "TEXT" when item.GetString(DicomTags.TextValue) is { } value => new TextItem(relationship, name, value),
            "CODE" when Code(item, DicomTags.ConceptCodeSequence) is { } value => new CodeItem(relationship, name, value),
            "NUM" => Numeric(item, relationship, name),
            "UIDREF" when item.GetUid(DicomTags.UID) is { } value => new UidItem(relationship, name, value),
            "PNAME" when item.GetString(DicomTags.PersonName) is { } value => new PersonNameItem(relationship, name, value),
            "IMAGE" or "COMPOSITE" => Reference(item, relationship, name, type == "IMAGE"),
            "SCOORD3D" => Spatial(item, relationship, name),
            _ => null,
        };
        read ??= new UnreadItem(relationship, name, type);
        return read with { Children = children };
    }

    private static NumericItem? Numeric(DicomDataset item, ContentRelationship relationship, CodedConcept? name)
    {
        if (item.GetSequence(DicomTags.MeasuredValueSequence) is not [var measured, ..]
            || Code(measured, DicomTags.MeasurementUnitsCodeSequence) is not { } unit)
        {
            return null;
        }

        var value = measured.GetDouble(DicomTags.FloatingPointValue) ?? measured.GetDouble(DicomTags.NumericValue);
        return value is { } number ? new NumericItem(relationship, name, number, unit) : null;
    }

    private static ReferenceItem? Reference(DicomDataset item, ContentRelationship relationship, CodedConcept? name, bool isImage)
    {
        if (item.GetSequence(DicomTags.ReferencedSOPSequence) is not [var reference, ..]
            || reference.GetUid(DicomTags.ReferencedSOPClassUID) is not { } sopClass
            || reference.GetUid(DicomTags.ReferencedSOPInstanceUID) is not { } sopInstance)
        {
            return null;
        }

        return new ReferenceItem(relationship, name, sopClass, sopInstance, isImage)
        {
            Frames = reference.GetInt32s(DicomTags.ReferencedFrameNumber),
            Segments = reference.GetInt32s(DicomTags.ReferencedSegmentNumber),
        };
    }

    private static SpatialItem? Spatial(DicomDataset item, ContentRelationship relationship, CodedConcept? name)
    {
        var values = item.GetDoubles(DicomTags.GraphicData);
        return values.Count > 0 && values.Count % 3 == 0
            && item.GetString(DicomTags.GraphicType) is { } type
            && item.GetUid(DicomTags.ReferencedFrameOfReferenceUID) is { } frameOfReference
            ? new SpatialItem(
                relationship, name, type, [.. values.Chunk(3).Select(p => new Vector3D(p[0], p[1], p[2]))], frameOfReference)
            : null;
    }

    private static CodedConcept? Code(DicomDataset item, DicomTag sequence) =>
        item.GetSequence(sequence) is [var code, ..] ? CodedConcept.FromItem(code) : null;

    private static void WriteItem(DicomDataset item, ContentItem content)
    {
        var isRoot = content.Relationship == ContentRelationship.Root;
        if (!isRoot)
        {
            item.Set(DicomTags.RelationshipType, Relationships.Single(r => r.Relationship == content.Relationship).Text);
            item.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192"); // until it has a parent, which says it for all
        }

        if (content.Name is { } name)
        {
            item.SetSequence(DicomTags.ConceptNameCodeSequence, name.ToItem());
        }

        WriteValue(item, content);
        if (!isRoot)
        {
            item.Remove(DicomTags.SpecificCharacterSet);
        }
    }

    private static void WriteValue(DicomDataset item, ContentItem content)
    {
        switch (content)
        {
            case ContainerItem container:
                item.Set(DicomTags.ValueType, "CONTAINER");
                item.Set(DicomTags.ContinuityOfContent, "SEPARATE");
                if (container.TemplateId is { } id)
                {
                    var template = new DicomDataset();
                    template.Set(DicomTags.MappingResource, "DCMR");
                    template.Set(DicomTags.TemplateIdentifier, id);
                    item.SetSequence(DicomTags.ContentTemplateSequence, template);
                }

                break;

            case TextItem text:
                item.Set(DicomTags.ValueType, "TEXT");
                item.Set(DicomTags.TextValue, text.Text);
                break;

            case CodeItem code:
                item.Set(DicomTags.ValueType, "CODE");
                item.SetSequence(DicomTags.ConceptCodeSequence, code.Value.ToItem());
                break;

            case NumericItem number:
                item.Set(DicomTags.ValueType, "NUM");
                item.SetSequence(DicomTags.MeasuredValueSequence, Measured(number));
                break;

            case UidItem uid:
                item.Set(DicomTags.ValueType, "UIDREF");
                item.Set(DicomTags.UID, uid.Uid);
                break;

            case PersonNameItem person:
                item.Set(DicomTags.ValueType, "PNAME");
                item.Set(DicomTags.PersonName, person.PersonName);
                break;

            case ReferenceItem reference:
                item.Set(DicomTags.ValueType, reference.IsImage ? "IMAGE" : "COMPOSITE");
                item.SetSequence(DicomTags.ReferencedSOPSequence, Referenced(reference));
                break;

            case SpatialItem spatial:
                item.Set(DicomTags.ValueType, "SCOORD3D");
                item.Set(DicomTags.GraphicType, spatial.GraphicType);
                item.Set(DicomTags.GraphicData, DicomVr.FL, Singles(spatial.Points));
                item.Set(DicomTags.ReferencedFrameOfReferenceUID, spatial.FrameOfReferenceUid);
                break;

            default:
                throw new ArgumentException($"A {content.GetType().Name} cannot be written.", nameof(content));
        }
    }

    private static DicomDataset Measured(NumericItem number)
    {
        var measured = new DicomDataset();
        measured.Set(DicomTags.NumericValue, number.Value);
        if (measured.GetDouble(DicomTags.NumericValue) != number.Value)
        {
            measured.Set(DicomTags.FloatingPointValue, number.Value); // what 16 characters cannot hold
        }

        measured.SetSequence(DicomTags.MeasurementUnitsCodeSequence, number.Unit.ToItem());
        return measured;
    }

    private static DicomDataset Referenced(ReferenceItem reference)
    {
        var item = DerivedObject.Reference(reference.SopClassUid, reference.SopInstanceUid);
        if (reference.Frames.Count > 0)
        {
            item.Set(DicomTags.ReferencedFrameNumber, [.. reference.Frames.Select(f => (long)f)]);
        }

        if (reference.Segments.Count > 0)
        {
            item.Set(DicomTags.ReferencedSegmentNumber, [.. reference.Segments.Select(s => (long)s)]);
        }

        return item;
    }

    private static byte[] Singles(IReadOnlyList<Vector3D> points)
    {
        var bytes = new byte[points.Count * 12];
        for (var i = 0; i < points.Count; i++)
        {
            var at = bytes.AsSpan(12 * i);
            BinaryPrimitives.WriteSingleLittleEndian(at, (float)points[i].X);
            BinaryPrimitives.WriteSingleLittleEndian(at[4..], (float)points[i].Y);
            BinaryPrimitives.WriteSingleLittleEndian(at[8..], (float)points[i].Z);
        }

        return bytes;
    }
}

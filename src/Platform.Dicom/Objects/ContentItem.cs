namespace Platform.Dicom.Objects;

/// <summary>How a content item stands to the one above it (PS3.3 §C.17.3.2.4).</summary>
public enum ContentRelationship
{
    /// <summary>The root of the tree stands to nothing.</summary>
    Root,
    Contains,
    HasObservationContext,
    HasConceptModifier,
    HasProperties,
    HasAcquisitionContext,
    InferredFrom,
    SelectedFrom,

    /// <summary>One that the standard does not define.</summary>
    Other,
}

/// <summary>A node of a structured report's content tree (PS3.3 §C.17.3).</summary>
/// <param name="Name">What it is about; null where the template leaves it out, as for images of a library.</param>
public abstract record ContentItem(ContentRelationship Relationship, CodedConcept? Name)
{
    public IReadOnlyList<ContentItem> Children { get; init; } = [];

    /// <summary>The first child of a kind and a name; codes are compared by value and scheme.</summary>
    public T? Find<T>(CodedConcept name)
        where T : ContentItem => FindAll<T>(name).FirstOrDefault();

    /// <summary>The children of a kind and a name.</summary>
    public IEnumerable<T> FindAll<T>(CodedConcept name)
        where T : ContentItem => Children.OfType<T>().Where(c => c.Name?.IsSameAs(name) == true);
}

/// <summary>CONTAINER: a heading.</summary>
public sealed record ContainerItem(ContentRelationship Relationship, CodedConcept? Name) : ContentItem(Relationship, Name)
{
    /// <summary>Template of PS3.16 that it follows, e.g. 1500; null where it names none.</summary>
    public string? TemplateId { get; init; }
}

/// <summary>TEXT.</summary>
public sealed record TextItem(ContentRelationship Relationship, CodedConcept? Name, string Text) : ContentItem(Relationship, Name);

/// <summary>CODE.</summary>
public sealed record CodeItem(ContentRelationship Relationship, CodedConcept? Name, CodedConcept Value) : ContentItem(Relationship, Name);

/// <summary>NUM: a value in a UCUM unit.</summary>
public sealed record NumericItem(ContentRelationship Relationship, CodedConcept? Name, double Value, CodedConcept Unit)
    : ContentItem(Relationship, Name);

/// <summary>UIDREF.</summary>
public sealed record UidItem(ContentRelationship Relationship, CodedConcept? Name, string Uid) : ContentItem(Relationship, Name);

/// <summary>PNAME, as in a PN element.</summary>
public sealed record PersonNameItem(ContentRelationship Relationship, CodedConcept? Name, string PersonName) : ContentItem(Relationship, Name);

/// <summary>IMAGE, or COMPOSITE where <paramref name="IsImage"/> is false.</summary>
public sealed record ReferenceItem(
    ContentRelationship Relationship, CodedConcept? Name, string SopClassUid, string SopInstanceUid, bool IsImage = true)
    : ContentItem(Relationship, Name)
{
    /// <summary>Frames, from 1; empty for all of them.</summary>
    public IReadOnlyList<int> Frames { get; init; } = [];

    /// <summary>Segments of a segmentation, from 1; empty for all of them.</summary>
    public IReadOnlyList<int> Segments { get; init; } = [];
}

/// <summary>SCOORD3D: points in millimetres of a frame of reference (PS3.3 §C.18.9).</summary>
/// <param name="GraphicType">POINT, MULTIPOINT, POLYLINE, POLYGON, ELLIPSE or ELLIPSOID.</param>
public sealed record SpatialItem(
    ContentRelationship Relationship,
    CodedConcept? Name,
    string GraphicType,
    IReadOnlyList<Volumes.Vector3D> Points,
    string FrameOfReferenceUid) : ContentItem(Relationship, Name);

/// <summary>A kind that this library does not read, or one whose value is missing; only its children and its name are known.</summary>
public sealed record UnreadItem(ContentRelationship Relationship, CodedConcept? Name, string ValueType) : ContentItem(Relationship, Name);

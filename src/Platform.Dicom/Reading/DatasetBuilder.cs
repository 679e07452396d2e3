namespace Platform.Dicom.Reading;

/// <summary>Builds a data set from a reader's tokens.</summary>
internal sealed class DatasetBuilder(DicomReader reader)
{
    /// <summary>Of every sequence without items; nobody adds to it.</summary>
    private static readonly List<DicomDataset> NoItems = [];

    private readonly Stack<Open> _open = new();
    private DicomDataset _current = new();

    private record struct Open(DicomDataset Dataset, DicomTag Tag, DicomVr Vr, ElementForm Form, object Content, long Offset);

    /// <summary>Reads to the end of the data set; without <paramref name="isAsync"/> the task is complete on return.</summary>
    internal static async ValueTask<DicomDataset> BuildAsync(DicomReader reader, bool isAsync, CancellationToken ct)
    {
        var builder = new DatasetBuilder(reader);
        while (true)
        {
            bool hasEnded;
            while (reader.TryReadBuffered(out hasEnded))
            {
                builder.Add();
            }

            if (hasEnded)
            {
                builder._current.Seal();
                return builder._current;
            }

            await reader.FillAsync(isAsync, ct);
        }
    }

    /// <summary>Reads the items that a sequence was left with.</summary>
    internal static List<DicomDataset> ReadItems(UnreadItems unread)
    {
        var reader = new DicomReader(unread);
        var builder = new DatasetBuilder(reader);
        var around = builder._current;
        builder._open.Push(new Open(around, unread.Tag, DicomVr.SQ, ElementForm.None, NoItems, 0));
        while (reader.Read())
        {
            builder.Add();
        }

        var items = around[0].ItemList!;
        foreach (var item in items)
        {
            item.AttachTo(unread.Owner);
        }

        return items;
    }

    private void Add()
    {
        switch (reader.Token)
        {
            case DicomToken.Element:
                object? bulk = reader.IsSkipped ? new BulkData(reader.ValueOffset, reader.Length) : null;
                _current.Append(new DicomElement(reader.Tag, reader.Vr, reader.Value, bulk, reader.Form));
                break;

            case DicomToken.UnreadSequence:
                _current.Append(new DicomElement(reader.Tag, reader.Vr, default, reader.Unread(_current), reader.Form));
                break;

            case DicomToken.SequenceStart:
                _open.Push(new Open(_current, reader.Tag, reader.Vr, reader.Form, NoItems, 0));
                break;

            case DicomToken.ItemStart:
                var item = new DicomDataset { UndefinedLength = reader.Length < 0 };
                var around = _open.Pop();
                if (around.Content == NoItems)
                {
                    around = around with { Content = new List<DicomDataset>(1) };
                }

                _open.Push(around);
                item.AttachTo(around.Dataset);
                ((List<DicomDataset>)around.Content).Add(item);
                _current = item;
                break;

            case DicomToken.ItemEnd:
                _current.Seal();
                _current = _open.Peek().Dataset;
                break;

            case DicomToken.FragmentsStart:
                _open.Push(new Open(_current, reader.Tag, reader.Vr, reader.Form, new List<ReadOnlyMemory<byte>>(), reader.ValueOffset));
                break;

            case DicomToken.Fragment:
                ((List<ReadOnlyMemory<byte>>)_open.Peek().Content).Add(reader.Value);
                break;

            case DicomToken.SequenceEnd or DicomToken.FragmentsEnd:
                var done = _open.Pop();
                var isSkipped = reader.Token == DicomToken.FragmentsEnd && reader.SkipsLargeValues;
                var content = isSkipped ? new BulkData(done.Offset, null) : done.Content;
                done.Dataset.Append(new DicomElement(done.Tag, done.Vr, default, content, done.Form));
                break;
        }
    }
}

namespace Platform.Dicom.Network;

/// <summary>Reads the bodies of PDUs (PS3.8 §9.3), behind type and length. No recursion; unknown items are passed over.</summary>
internal static class PduParser
{
    /// <summary>More transfer syntaxes than the standard has.</summary>
    private const int MaxSyntaxes = 128;

    private const int MaxRoles = 256;

    internal static AssociateRequest Request(ReadOnlySpan<byte> body, DicomNetworkBudgets budgets)
    {
        var cursor = new PduCursor(body);
        var version = cursor.UInt16();
        cursor.Take(2);
        var called = cursor.AeTitle();
        var calling = cursor.AeTitle();
        cursor.Take(32);

        string? application = null;
        UserInformation? user = null;
        var contexts = new List<ProposedContext>();
        while (!cursor.IsAtEnd)
        {
            var item = cursor.Item(out var type);
            switch (type)
            {
                case 0x10:
                    application = Once(application, item.Uid());
                    break;
                case 0x20:
                    var proposed = Proposed(item);
                    CheckNew(proposed.Id, contexts.Count, contexts.Exists(c => c.Id == proposed.Id), budgets);
                    contexts.Add(proposed);
                    break;
                case 0x50:
                    user = Once(user, User(item));
                    break;
            }
        }

        return application is not null && user is not null && contexts.Count > 0
            ? new AssociateRequest(version, called, calling, application, contexts, user)
            : throw DicomNetworkException.InvalidPdu("A-ASSOCIATE-RQ lacks application context, contexts or user information");
    }

    internal static AssociateAccept Accept(ReadOnlySpan<byte> body, DicomNetworkBudgets budgets)
    {
        var cursor = new PduCursor(body);
        cursor.Take(2 + 2 + 16 + 16 + 32);
        UserInformation? user = null;
        var contexts = new List<AnsweredContext>();
        while (!cursor.IsAtEnd)
        {
            var item = cursor.Item(out var type);
            switch (type)
            {
                case 0x21:
                    var answered = Answered(item);
                    CheckNew(answered.Id, contexts.Count, contexts.Exists(c => c.Id == answered.Id), budgets);
                    contexts.Add(answered);
                    break;
                case 0x50:
                    user = Once(user, User(item));
                    break;
            }
        }

        return user is not null
            ? new AssociateAccept(contexts, user)
            : throw DicomNetworkException.InvalidPdu("A-ASSOCIATE-AC lacks user information");
    }

    internal static AssociationRejection Reject(ReadOnlySpan<byte> body)
    {
        var cursor = new PduCursor(body);
        cursor.Take(1);
        return new AssociationRejection(cursor.Byte() == 2, cursor.Byte(), cursor.Byte());
    }

    /// <summary>Source (0 the peer's application, 2 its upper layer) and reason.</summary>
    internal static (byte Source, byte Reason) Abort(ReadOnlySpan<byte> body)
    {
        var cursor = new PduCursor(body);
        cursor.Take(2);
        return (cursor.Byte(), cursor.Byte());
    }

    /// <summary>Tests that a P-DATA-TF is whole PDVs, at least one, each with its two bytes of header (PS3.8 §9.3.5).</summary>
    internal static void CheckData(ReadOnlySpan<byte> body)
    {
        var cursor = new PduCursor(body);
        do
        {
            var length = cursor.UInt32();
            if (length is < 2 or > int.MaxValue)
            {
                throw DicomNetworkException.InvalidPdu($"A presentation data value of {length} bytes");
            }

            cursor.Take((int)length);
        }
        while (!cursor.IsAtEnd);
    }

    private static void CheckNew(byte id, int known, bool isKnown, DicomNetworkBudgets budgets)
    {
        if (known >= budgets.MaxContexts)
        {
            throw DicomNetworkException.OverBudget(nameof(DicomNetworkBudgets.MaxContexts), budgets.MaxContexts);
        }

        if (id % 2 == 0 || isKnown)
        {
            throw DicomNetworkException.InvalidPdu($"Presentation context id {id} is even or comes twice");
        }
    }

    private static T Once<T>(T? had, T has)
        where T : class =>
        had is null ? has : throw DicomNetworkException.InvalidPdu("An item comes twice", AbortReason.UnexpectedParameter);

    private static ProposedContext Proposed(PduCursor cursor)
    {
        var id = cursor.Byte();
        cursor.Take(3);
        string? classUid = null;
        var syntaxes = new List<string>();
        while (!cursor.IsAtEnd)
        {
            var item = cursor.Item(out var type);
            switch (type)
            {
                case 0x30:
                    classUid = Once(classUid, item.Uid());
                    break;
                case 0x40 when syntaxes.Count < MaxSyntaxes:
                    syntaxes.Add(item.Uid());
                    break;
                case 0x40:
                    throw DicomNetworkException.InvalidPdu($"A context with more than {MaxSyntaxes} transfer syntaxes");
            }
        }

        return classUid is not null && syntaxes.Count > 0
            ? new ProposedContext(id, classUid, syntaxes)
            : throw DicomNetworkException.InvalidPdu("A presentation context lacks its abstract syntax or transfer syntaxes");
    }

    private static AnsweredContext Answered(PduCursor cursor)
    {
        var id = cursor.Byte();
        cursor.Take(1);
        var result = (ContextResult)cursor.Byte();
        cursor.Take(1);
        var syntax = "";
        while (!cursor.IsAtEnd)
        {
            var item = cursor.Item(out var type);
            if (type == 0x40 && result == ContextResult.Accepted)
            {
                syntax = item.Uid(); // of a refused context it may be anything (PS3.8 §9.3.3.2)
            }
        }

        return result != ContextResult.Accepted || syntax.Length > 0
            ? new AnsweredContext(id, result, syntax)
            : throw DicomNetworkException.InvalidPdu("An accepted presentation context lacks its transfer syntax");
    }

    private static UserInformation User(PduCursor cursor)
    {
        var user = new UserInformation(0, null, null, null, [], null);
        var roles = new List<RoleSelection>();
        while (!cursor.IsAtEnd)
        {
            var item = cursor.Item(out var type);
            switch (type)
            {
                case 0x51:
                    user = user with { MaxPduBytes = item.UInt32() };
                    if (user.MaxPduBytes is > 0 and < DicomNetworkBudgets.LeastPduBytes)
                    {
                        throw DicomNetworkException.InvalidPdu($"A maximum length of {user.MaxPduBytes} bytes");
                    }

                    break;
                case 0x52:
                    user = user with { ImplementationClassUid = item.Uid() };
                    break;
                case 0x53:
                    user = user with { AsyncOperations = new AsyncOperations(item.UInt16(), item.UInt16()) };
                    break;
                case 0x54 when roles.Count < MaxRoles:
                    var uid = new PduCursor(item.Take(item.UInt16()));
                    roles.Add(new RoleSelection(uid.Uid(), item.Byte() == 1, item.Byte() == 1));
                    break;
                case 0x54:
                    throw DicomNetworkException.InvalidPdu($"More than {MaxRoles} role selections");
                case 0x55:
                    user = user with { ImplementationVersionName = item.Text() };
                    break;
                case 0x58:
                    user = user with { Identity = Identity(item) };
                    break;
            }
        }

        return user with { Roles = roles };
    }

    private static UserIdentity Identity(PduCursor cursor)
    {
        var identity = new UserIdentity(cursor.Byte(), cursor.Byte() != 0);
        cursor.Take(cursor.UInt16());
        cursor.Take(cursor.UInt16());
        return identity;
    }
}

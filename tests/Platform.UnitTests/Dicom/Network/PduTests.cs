using System.Buffers.Binary;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

public class PduTests
{
    private const string Ct = DicomUids.CTImageStorage;

    private static readonly AssociateRequest Sample = new(
        1,
        "STORE",
        "SCANNER 1",
        DicomUids.ApplicationContext,
        [new ProposedContext(1, DicomUids.Verification, ["1.2.840.10008.1.2"]), new ProposedContext(255, Ct, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"])],
        UserInformation.Own(16384));

    public static TheoryData<string, DicomNetworkError, byte[]> BadRequests => new()
    {
        { "nothing", DicomNetworkError.InvalidPdu, [] },
        { "only the fixed fields", DicomNetworkError.InvalidPdu, Body()[..68] },
        { "cut in an item", DicomNetworkError.InvalidPdu, Body()[..^3] },
        { "an empty called AE title", DicomNetworkError.InvalidPdu, With(4, new byte[16]) },
        { "an AE title with a newline", DicomNetworkError.InvalidPdu, With(20, "SCAN\nNER        "u8) },
        { "an AE title with a backslash", DicomNetworkError.InvalidPdu, With(20, "A\\B             "u8) },
        { "an even context id", DicomNetworkError.InvalidPdu, Contexts(2) },
        { "a context id that comes twice", DicomNetworkError.InvalidPdu, Contexts(3, 3) },
        { "a second application context", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x10, "1.2.3")] },
        { "a second user information", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x50, Item(0x51, [0, 0, 64, 0]))] },
        { "a context without abstract syntax", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0, 0, 0, .. Item(0x40, "1.2.3")])] },
        { "a context without transfer syntax", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0, 0, 0, .. Item(0x30, "1.2.3")])] },
        { "a context of two bytes", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0])] },
        { "an abstract syntax that is no UID", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0, 0, 0, .. Item(0x30, "1.2.x")])] },
        { "a UID of 65 characters", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0, 0, 0, .. Item(0x30, "1." + new string('2', 63))])] },
        { "129 transfer syntaxes", DicomNetworkError.InvalidPdu, [.. Body(), .. Item(0x20, [5, 0, 0, 0, .. Enumerable.Repeat(Item(0x40, "1.2"), 129).SelectMany(i => i)])] },
        { "a maximum length of 5", DicomNetworkError.InvalidPdu, User(Item(0x51, [0, 0, 0, 5])) },
        { "a maximum length of two bytes", DicomNetworkError.InvalidPdu, User(Item(0x51, [0, 0])) },
        { "a role selection past its item", DicomNetworkError.InvalidPdu, User(Item(0x54, [0, 9, 49])) },
        { "a user identity past its item", DicomNetworkError.InvalidPdu, User(Item(0x58, [1, 0, 0, 9, 65])) },
        { "257 role selections", DicomNetworkError.InvalidPdu, User([.. Enumerable.Repeat(Item(0x54, [0, 1, 49, 1, 0]), 257).SelectMany(i => i)]) },
    };

    public static TheoryData<string, byte[]> BadData => new()
    {
        { "nothing", [] },
        { "a value of one byte", [0, 0, 0, 1, 1] },
        { "a value of no byte", [0, 0, 0, 0] },
        { "a value past the end", [0, 0, 0, 9, 1, 3, 0] },
        { "a value of 4 GiB", [0xFF, 0xFF, 0xFF, 0xFF, 1, 3] },
        { "half a length behind a value", [0, 0, 0, 2, 1, 3, 0, 0] },
    };

    public static TheoryData<string, byte[]> BadCommands => new()
    {
        { "nothing", [] },
        { "without Command Field", Command(0x0110, 1) },
        { "with a Command Field of one byte", [0, 0, 0, 1, 1, 0, 0, 0, 1] },
        { "with an element twice", [.. Command(0x0100, 1), .. Command(0x0100, 1)] },
        { "with an element of group 0008", [.. Command(0x0100, 1), 8, 0, 0x16, 0, 0, 0, 0, 0] },
        { "cut in a header", [.. Command(0x0100, 1), 0, 0, 0x10] },
        { "cut in a value", [.. Command(0x0100, 1), 0, 0, 0x10, 1, 9, 0, 0, 0, 1] },
        { "with a value of 4 GiB", [.. Command(0x0100, 1), 0, 0, 0x10, 1, 0xFF, 0xFF, 0xFF, 0xFF] },
    };

    [Fact]
    public void A_request_is_read_as_it_was_written()
    {
        var read = PduParser.Request(Body(), DicomNetworkBudgets.Default);
        Assert.Equal(("STORE", "SCANNER 1", 16384u), (read.CalledAeTitle, read.CallingAeTitle, read.User.MaxPduBytes));
        Assert.Equal(Sample.Contexts.Select(c => (c.Id, c.AbstractSyntax)), read.Contexts.Select(c => (c.Id, c.AbstractSyntax)));
        Assert.Equal(Sample.Contexts[1].TransferSyntaxes, read.Contexts[1].TransferSyntaxes);
        Assert.Equal((DicomFile.ImplementationClassUid, DicomFile.ImplementationVersionName), (read.User.ImplementationClassUid, read.User.ImplementationVersionName));
    }

    [Fact]
    public void An_acceptance_is_read_as_it_was_written()
    {
        var accept = new AssociateAccept(
            [new(1, ContextResult.Accepted, "1.2.840.10008.1.2"), new(255, ContextResult.TransferSyntaxesNotSupported, "")], UserInformation.Own(0));
        var read = PduParser.Accept(PduWriter.Accept(Sample, accept).AsSpan(6), DicomNetworkBudgets.Default);
        Assert.Equal(accept.Contexts, read.Contexts);
        Assert.Equal(0u, read.User.MaxPduBytes);
    }

    [Fact]
    public void Rejection_and_abort_are_read_as_they_were_written()
    {
        Assert.Equal(AssociationRejection.LocalLimit, PduParser.Reject(PduWriter.Reject(AssociationRejection.LocalLimit).AsSpan(6)));
        Assert.Equal("local limit exceeded (transient)", AssociationRejection.LocalLimit.ToString());
        Assert.Equal((2, 6), PduParser.Abort(PduWriter.Abort(isProvider: true, AbortReason.InvalidParameter).AsSpan(6)));
    }

    [Fact]
    public void Roles_windows_identities_and_what_is_unknown_are_passed_over()
    {
        var body = User(
        [
            .. Item(0x53, [0, 3, 0, 4]), .. Item(0x54, [0, 5, .. "1.2.3"u8, 0, 1]), .. Item(0x56, [0, 5, .. "1.2.3"u8, 1, 0]),
            .. Item(0x57, new byte[9]), .. Item(0x58, [2, 1, 0, 1, 65, 0, 1, 66]), .. Item(0x7F, new byte[30]),
        ]);
        var user = PduParser.Request([.. body, .. Item(0x99, new byte[20])], DicomNetworkBudgets.Default).User;
        Assert.Equal(new AsyncOperations(3, 4), user.AsyncOperations);
        Assert.Equal(new RoleSelection("1.2.3", false, true), Assert.Single(user.Roles));
        Assert.Equal(new UserIdentity(2, true), user.Identity);
    }

    [Theory]
    [MemberData(nameof(BadRequests))]
    public void A_bad_request_is_refused(string what, DicomNetworkError error, byte[] body)
    {
        Assert.NotEmpty(what);
        Assert.Equal(error, Assert.Throws<DicomNetworkException>(() => PduParser.Request(body, DicomNetworkBudgets.Default)).Error);
    }

    [Fact]
    public void More_contexts_than_the_budget_are_refused_by_its_name()
    {
        var budgets = new DicomNetworkBudgets { MaxContexts = 3 };
        Assert.Equal(5, PduParser.Request(Contexts(3, 5, 7), DicomNetworkBudgets.Default).Contexts.Count);
        var refusal = Assert.Throws<DicomNetworkException>(() => PduParser.Request(Contexts(3, 5, 7), budgets));
        Assert.Equal((DicomNetworkError.OverBudget, nameof(DicomNetworkBudgets.MaxContexts)), (refusal.Error, refusal.Budget));
    }

    [Theory]
    [MemberData(nameof(BadData))]
    public void Bad_presentation_data_values_are_refused(string what, byte[] body)
    {
        Assert.NotEmpty(what);
        Assert.Equal(DicomNetworkError.InvalidPdu, Assert.Throws<DicomNetworkException>(() => PduParser.CheckData(body)).Error);
    }

    [Theory]
    [MemberData(nameof(BadCommands))]
    public void A_bad_command_set_is_refused(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        Assert.Equal(DicomNetworkError.InvalidMessage, Assert.Throws<DicomNetworkException>(() => CommandSet.Parse(bytes)).Error);
    }

    [Fact]
    public void A_response_gives_back_class_instance_and_message_id()
    {
        var request = CommandSet.Parse(CommandSet.StoreRequest(77, Ct, "1.2.3").ToArray());
        var bytes = CommandSet.Response(request, DimseStatus.OutOfResources, new string('x', 99)).ToArray();
        var response = CommandSet.Parse(bytes);
        Assert.Equal((0x8001, (ushort?)77, (ushort?)0xA700), (response.Field, response.UInt16(0x0120), response.UInt16(0x0900)));
        Assert.Equal((Ct, "1.2.3", 64), (response.Uid(0x0002), response.Uid(0x1000), response.Text(0x0902)!.Length));
        Assert.Equal((false, true), (response.HasDataset, request.HasDataset));
        Assert.Equal(bytes.Length - 12, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8))); // (0000,0000)
    }

    [Fact]
    public void Mutants_of_an_association_request_are_read_or_refused()
    {
        var random = new Random(5);
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var body = Body();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            try
            {
                PduParser.Request(body.AsSpan(0, random.Next(8) == 0 ? random.Next(body.Length) : body.Length), DicomNetworkBudgets.Default);
                accepted++;
            }
            catch (DicomNetworkException)
            {
                // As it should be.
            }
        }

        Assert.InRange(accepted, 1000, 19_000);
    }

    private static byte[] Body() => PduWriter.Request(Sample)[6..];

    private static byte[] With(int at, ReadOnlySpan<byte> bytes)
    {
        var body = Body();
        bytes.CopyTo(body.AsSpan(at));
        return body;
    }

    private static byte[] Contexts(params byte[] ids) =>
        [.. Body(), .. ids.SelectMany(id => Item(0x20, [id, 0, 0, 0, .. Item(0x30, "1.2.3"), .. Item(0x40, "1.2.840.10008.1.2")]))];

    /// <summary>A request with other user information.</summary>
    private static byte[] User(byte[] items)
    {
        var body = Body();
        var user = body.AsSpan().LastIndexOf("\x50\0"u8); // the last item
        return [.. body[..user], .. Item(0x50, items)];
    }

    private static byte[] Item(byte type, string text) => Item(type, Encoding.ASCII.GetBytes(text));

    private static byte[] Item(byte type, byte[] value) => [type, 0, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static byte[] Command(ushort element, byte value) => [0, 0, (byte)element, (byte)(element >> 8), 2, 0, 0, 0, value, 0];
}

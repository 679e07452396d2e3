using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Platform.Dicom.Network;

namespace Platform.Cli.Dicom;

/// <summary>Whom to call, for every verb that calls.</summary>
internal sealed class PeerOptions
{
    private readonly Argument<string> _host = new("host") { Description = "Name or address of the peer." };
    private readonly Argument<int> _port = new Argument<int>("port")
    {
        Description = "Its port; 104, 11112, or 2762 for TLS are usual.",
    }.Ranged(1, 65535);

    private readonly Option<string> _called = AeTitle("--called", "AE title of the peer.", "ANY-SCP");
    private readonly Option<string> _calling = AeTitle("--calling", "AE title of this side.", "PLATFORM");
    private readonly Option<int> _timeout = new Option<int>("--timeout")
    {
        Description = "Seconds to wait for a connection or an answer.",
        DefaultValueFactory = _ => 30,
    }.Ranged(1, 3600);

    private readonly TlsOptions _tls = new(isServer: false);

    public static Option<string> AeTitle(string name, string description, string title)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => title };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && !DicomClientOptions.IsAeTitle(token.Value))
            {
                result.AddError($"{name} has 1 to 16 characters of printable ASCII, no backslash.");
            }
        });
        return option;
    }

    public void AddTo(Command command)
    {
        command.Add(_host);
        command.Add(_port);
        command.Add(_called);
        command.Add(_calling);
        command.Add(_timeout);
        _tls.AddTo(command);
    }

    public DicomClientOptions Read(ParseResult parsed)
    {
        var timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout));
        return new DicomClientOptions
        {
            Host = parsed.GetRequiredValue(_host),
            Port = parsed.GetValue(_port),
            CalledAeTitle = parsed.GetRequiredValue(_called),
            CallingAeTitle = parsed.GetRequiredValue(_calling),
            ConnectTimeout = timeout,
            Budgets = new DicomNetworkBudgets { IdleTimeout = timeout },
            Tls = _tls.Read(parsed),
        };
    }
}

/// <summary>Numbers within bounds.</summary>
internal static class Ranges
{
    public static Argument<int> Ranged(this Argument<int> argument, int least, int most)
    {
        argument.Validators.Add(result => Check(result, result.Tokens, argument.Name, least, most));
        return argument;
    }

    public static Option<int> Ranged(this Option<int> option, int least, int most)
    {
        option.Validators.Add(result => Check(result, result.Tokens, option.Name, least, most));
        return option;
    }

    private static void Check(
        SymbolResult result, IReadOnlyList<Token> tokens, string name, int least, int most)
    {
        if (tokens is [var token, ..]
            && int.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            && (value < least || value > most))
        {
            result.AddError($"{name} is {least} to {most}.");
        }
    }
}

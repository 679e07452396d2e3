using System.Globalization;

namespace Platform.Cli;

/// <summary>How far a long command is: in place on a terminal, else a line now and then. Few files need none.</summary>
internal sealed class Progress(TextWriter error, int total, TimeProvider clock)
{
    private const int FewFiles = 10;

    private static readonly TimeSpan TerminalPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogPause = TimeSpan.FromSeconds(5);

    private readonly bool _isTerminal = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
    private long _shownAt = clock.GetTimestamp();
    private bool _isOpen;

    /// <summary>A line of its own, above the progress.</summary>
    public async Task LineAsync(string line)
    {
        await CloseAsync();
        await error.WriteLineAsync(line);
    }

    public async Task AtAsync(int done)
    {
        if (total <= FewFiles || (clock.GetElapsedTime(_shownAt) < (_isTerminal ? TerminalPause : LogPause) && done < total))
        {
            return;
        }

        _shownAt = clock.GetTimestamp();
        var text = string.Create(CultureInfo.InvariantCulture, $"{done} of {total}");
        if (_isTerminal)
        {
            await error.WriteAsync($"\r{text}");
            _isOpen = true;
        }
        else
        {
            await error.WriteLineAsync(text);
        }
    }

    public Task EndAsync() => CloseAsync();

    private async Task CloseAsync()
    {
        if (_isOpen)
        {
            await error.WriteLineAsync();
            _isOpen = false;
        }
    }
}

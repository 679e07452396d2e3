using System.ComponentModel.DataAnnotations;
using Platform.Inference.Worker;
using Xunit;

namespace Platform.UnitTests.Inference;

public class ComputeTurnsTests
{
    private static readonly Guid[] Attempts = [.. Enumerable.Range(0, 5).Select(n => Guid.CreateVersion7(new DateTimeOffset(2026, 1, 2, 3, 4, n, TimeSpan.Zero)))];

    [Fact]
    public void As_many_have_a_turn_as_there_are_slots()
    {
        var turns = new ComputeTurns(2);

        Task[] asked = [.. Attempts[..3].Select(turns.TakeAsync)];

        Assert.Equal([true, true, false], asked.Select(t => t.IsCompleted));
    }

    [Fact]
    public void The_oldest_attempt_that_waits_is_next_whoever_asked_first()
    {
        var turns = new ComputeTurns(1);
        _ = turns.TakeAsync(Attempts[0]);
        Task third = turns.TakeAsync(Attempts[3]), first = turns.TakeAsync(Attempts[1]), second = turns.TakeAsync(Attempts[2]);

        turns.GiveBack(Attempts[0]);
        Assert.Equal((true, false, false), (first.IsCompleted, second.IsCompleted, third.IsCompleted));
        turns.GiveBack(Attempts[1]);
        Assert.Equal((true, false), (second.IsCompleted, third.IsCompleted));
    }

    [Fact]
    public async Task Who_leaves_the_line_is_passed_over()
    {
        var turns = new ComputeTurns(1);
        _ = turns.TakeAsync(Attempts[0]);
        Task left = turns.TakeAsync(Attempts[1]), stays = turns.TakeAsync(Attempts[2]);

        turns.GiveBack(Attempts[1]);
        turns.GiveBack(Attempts[0]);

        Assert.True(stays.IsCompletedSuccessfully);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        turns.GiveBack(Attempts[1]); // it has neither turn nor place: the other's stays
        Assert.False(turns.TakeAsync(Attempts[3]).IsCompleted);
    }

    [Fact]
    public void Who_has_a_turn_may_ask_again()
    {
        var turns = new ComputeTurns(1);

        Assert.True(turns.TakeAsync(Attempts[0]).IsCompleted);
        Assert.True(turns.TakeAsync(Attempts[0]).IsCompleted);
        turns.GiveBack(Attempts[0]);
        Assert.True(turns.TakeAsync(Attempts[1]).IsCompleted);
    }

    [Theory]
    [InlineData(1, 0, 25, true)]
    [InlineData(1, 1, 12, true)]
    [InlineData(2, 2, 12, true)]
    [InlineData(1, 2, 12, false)]
    [InlineData(1, 1, 13, false)]
    public void A_run_may_wait_no_longer_than_the_broker_does(int slots, int ahead, int minutes, bool isValid)
    {
        var options = new InferenceOptions { Slots = slots, Ahead = ahead, TimeLimit = TimeSpan.FromMinutes(minutes) };

        Assert.Equal(isValid, Validator.TryValidateObject(options, new ValidationContext(options), null, validateAllProperties: true));
    }
}

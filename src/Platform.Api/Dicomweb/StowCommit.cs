using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Studies;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>
/// Makes batches of staged instances durable: blobs, and one transaction that commits when the blobs are durable. What requests of
/// one tenant hand over while a transaction of theirs runs goes into the next one together: they share its flushes, and none waits for
/// another's locks.
/// <list type="number">
/// <item>All blobs to the disk and under their names; beside that, steps 2 to 5, unless the store is behind a network: no lock is held
/// while one of those is waited for.</item>
/// <item>Study rows, made or found, locked in the order of their UIDs, so that two hosts cannot wait for each other.</item>
/// <item>Series rows, then instance rows; the unique SOP Instance UID decides who was first.</item>
/// <item>A new instance in a complete study opens the study's next version; one whose header says that its pixels may show who the
/// patient is holds the study's pixels; the doorbell of the quiet period, audit event of each request and change event of every study
/// that grew.</item>
/// <item>Who lost: the same received bytes are a success, others a failure 0111H.</item>
/// <item>The commit, once step 1 is done; after it, blobs that no row points to are removed.</item>
/// </list>
/// </summary>
internal sealed class StowCommit(TenantScope scopes, BlobStore blobs, AuditLog audit)
{
    private const int MaxGroupInstances = 1024;

    // Kept as long as the process: a tenant is a few bytes.
    private readonly ConcurrentDictionary<Guid, Line> lines = new();

    /// <summary>The outcome of each instance, in the batch's order. Throws when blob store or database did not take it.</summary>
    public Task<IReadOnlyList<StoreOutcome>> RunAsync(StowRules rules, IReadOnlyList<StagedInstance> batch)
    {
        var request = new Request(rules, batch);
        var line = lines.GetOrAdd(rules.TenantId, _ => new Line());
        bool isFirst;
        lock (line.Gate)
        {
            line.Requests.Enqueue(request);
            (isFirst, line.IsMoving) = (!line.IsMoving, true);
        }

        if (isFirst)
        {
            _ = Task.Run(() => MoveAsync(line), CancellationToken.None);
        }

        return request.Done.Task;
    }

    /// <summary>Commits what waits, group by group, until nothing does. Never throws: each request hears its own failure.</summary>
    private async Task MoveAsync(Line line)
    {
        while (line.Next() is { Count: > 0 } group)
        {
            // :: Step 1. If a later step fails, the blobs stay for the sweeper: whether the transaction was committed may be
            // unknown, and a blob that a row points to must not be removed.
            var writers = group.SelectMany(request => request.Batch).Select(instance => instance.Writer).ToList();
            var durable = blobs.CommitAllAsync(writers, CancellationToken.None);
            try
            {
                await TransactAsync(group, durable);
            }
            catch (Exception e) when (group.Count > 1 && !StoreTrouble.IsAway(e) && !StoreTrouble.IsFull(e))
            {
                // What the database does not take may be one request's: the others are not to suffer for it.
                await durable.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                foreach (var request in group)
                {
                    await TransactAsync([request], durable).ContinueWith(task => request.Fail(task), TaskScheduler.Default);
                }
            }
            catch (Exception e)
            {
                // Not before the blobs are let go: who hears this closes them.
                await durable.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                group.ForEach(request => request.Done.TrySetException(e));
            }
        }
    }

    /// <summary>Steps 2 to 6. Not under a caller's token: whatever arrived whole is kept, also when the line has died since.</summary>
    private async Task TransactAsync(List<Request> group, Task durable)
    {
        var ordered = group
            .SelectMany((request, place) => request.Batch.Select(instance => (instance, place)))
            .OrderBy(x => x.instance.Stored.StudyInstanceUid, StringComparer.Ordinal)
            .ThenBy(x => x.instance.Stored.SeriesInstanceUid, StringComparer.Ordinal)
            .ThenBy(x => x.instance.Stored.SopInstanceUid, StringComparer.Ordinal)
            .ThenBy(x => x.place)
            .ThenBy(x => x.instance.Part)
            .Select(x => x.instance)
            .ToList();
        if (!blobs.IsLocal)
        {
            await durable;
        }

        var decisions = await scopes.BatchesAsync(
            group[0].Rules.TenantId,
            async (transaction, entry, token) =>
            {
                var decided = await new Transaction(transaction, entry, audit, group, ordered).RunAsync(token);
                await durable;
                return decided;
            },
            CancellationToken.None);

        // :: Step 6
        foreach (var (instance, decision) in decisions)
        {
            if (!decision.IsBlobUsed)
            {
                await blobs.DeleteAsync(instance.Writer.Name, CancellationToken.None);
            }
        }

        group.ForEach(request => request.Done.TrySetResult([.. request.Batch.Select(instance => decisions[instance].Outcome)]));
    }

    /// <summary>A batch of one STOW request, and whoever waits for it.</summary>
    private sealed record Request(StowRules Rules, IReadOnlyList<StagedInstance> Batch)
    {
        public TaskCompletionSource<IReadOnlyList<StoreOutcome>> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Fail(Task transaction)
        {
            if (transaction.Exception is { } failure)
            {
                Done.TrySetException(failure.InnerExceptions);
            }
            else if (transaction.IsCanceled)
            {
                Done.TrySetCanceled();
            }
        }
    }

    /// <summary>What waits of one tenant.</summary>
    private sealed class Line
    {
        public Lock Gate { get; } = new();

        public Queue<Request> Requests { get; } = new();

        /// <summary>Somebody is committing what waits.</summary>
        public bool IsMoving { get; set; }

        /// <summary>The next group; an empty one ends the moving.</summary>
        public List<Request> Next()
        {
            lock (Gate)
            {
                var (group, count) = (new List<Request>(), 0);
                while (Requests.TryPeek(out var next) && (count == 0 || count + next.Batch.Count <= MaxGroupInstances))
                {
                    count += next.Batch.Count;
                    group.Add(Requests.Dequeue());
                }

                IsMoving = group.Count > 0;
                return group;
            }
        }
    }

    private readonly record struct Decision(StoreOutcome Outcome, bool IsBlobUsed);

    private sealed record Existing(
        Guid Id, string StudyInstanceUid, string SeriesInstanceUid, string Blob, string? ReceivedHmac, InstanceStatus Status);

    /// <summary>Steps 2 to 5; made anew for each try.</summary>
    private sealed class Transaction(
        NpgsqlTransaction transaction, NpgsqlBatch entry, AuditLog audit, List<Request> group, List<StagedInstance> instances)
    {
        private readonly Guid tenantId = group[0].Rules.TenantId;
        private readonly HashSet<string> held = new(StringComparer.Ordinal);

        public async Task<Dictionary<StagedInstance, Decision>> RunAsync(CancellationToken ct)
        {
            var stored = await StoreAsync(ct);
            await GrowAsync(stored, ct);
            return await DecideAsync(stored, ct);
        }

        // :: Steps 2 and 3, in one round trip: the study of each blob that was first.
        private async Task<Dictionary<string, Guid>> StoreAsync(CancellationToken ct)
        {
            entry.BatchCommands.Add(InsertStudies());
            entry.BatchCommands.Add(LockStudies());
            entry.BatchCommands.Add(InsertSeries());
            entry.BatchCommands.Add(InsertInstances());
            var first = new Dictionary<string, Guid>(StringComparer.Ordinal);
            await using var reader = await entry.ExecuteReaderAsync(ct);
            await reader.NextResultAsync(ct); // behind the entry
            while (await reader.ReadAsync(ct))
            {
                if (reader.GetBoolean(1))
                {
                    held.Add(reader.GetString(0));
                }
            }

            await reader.NextResultAsync(ct); // behind the locks
            while (await reader.ReadAsync(ct))
            {
                first.Add(reader.GetString(0), reader.GetGuid(1));
            }

            return first;
        }

        // :: Step 2
        private NpgsqlBatchCommand InsertStudies()
        {
            var firsts = instances.DistinctBy(instance => instance.Stored.StudyInstanceUid).ToList();
            var insert = Command(
                """
                insert into studies (tenant_id, id, study_instance_uid, patient_pseudonym, study_date, description,
                                     accession_pseudonym, version, status, arrived_at, last_instance_at)
                select @tenant, id, uid, patient, date, description, accession, 1, @receiving, at, at
                from unnest(@ids, @uids, @patients, @dates, @descriptions, @accessions, @ats)
                    as new (id, uid, patient, date, description, accession, at)
                on conflict (tenant_id, study_instance_uid) do nothing
                """);
            insert.Parameters.AddWithValue("receiving", nameof(StudyStatus.Receiving));
            insert.Parameters.AddWithValue("ids", firsts.Select(_ => Guid.CreateVersion7()).ToArray());
            insert.Parameters.AddWithValue("uids", firsts.Select(i => i.Stored.StudyInstanceUid).ToArray());
            insert.Parameters.AddWithValue("patients", firsts.Select(i => i.Study.PatientPseudonym).ToArray());
            AddTexts(insert, "dates", firsts.Select(i => i.Study.StudyDate));
            AddTexts(insert, "descriptions", firsts.Select(i => i.Study.Description));
            AddTexts(insert, "accessions", firsts.Select(i => i.Study.AccessionPseudonym));
            AddTimes(insert, "ats", firsts.Select(i => i.ReceivedAt));
            return insert;
        }

        private NpgsqlBatchCommand LockStudies()
        {
            var select = Command(
                """
                select study_instance_uid, pixels_held_at is not null and pixels_released_at is null from studies
                where tenant_id = @tenant and study_instance_uid = any(@uids)
                order by study_instance_uid collate "C"
                for update
                """);
            select.Parameters.AddWithValue("uids", instances.Select(i => i.Stored.StudyInstanceUid).Distinct().ToArray());
            return select;
        }

        // :: Step 3, series
        private NpgsqlBatchCommand InsertSeries()
        {
            var firsts = instances.DistinctBy(i => (i.Stored.StudyInstanceUid, i.Stored.SeriesInstanceUid)).ToList();
            var insert = Command(
                """
                insert into series (tenant_id, id, study_id, series_instance_uid, modality, body_part, description, number,
                                    origin)
                select @tenant, new.id, s.id, uid, modality, part, new.description, number, @received
                from unnest(@ids, @studies, @uids, @modalities, @parts, @descriptions, @numbers) with ordinality
                    as new (id, study, uid, modality, part, description, number, place)
                join studies s on s.tenant_id = @tenant and s.study_instance_uid = study
                order by place
                on conflict (tenant_id, study_id, series_instance_uid) do update set withdrawn_at = null
                    where series.withdrawn_at is not null
                """);
            insert.Parameters.AddWithValue("received", nameof(SeriesOrigin.Received));
            insert.Parameters.AddWithValue("ids", firsts.Select(_ => Guid.CreateVersion7()).ToArray());
            insert.Parameters.AddWithValue("studies", firsts.Select(i => i.Stored.StudyInstanceUid).ToArray());
            insert.Parameters.AddWithValue("uids", firsts.Select(i => i.Stored.SeriesInstanceUid).ToArray());
            insert.Parameters.AddWithValue("modalities", firsts.Select(i => i.Series.Modality).ToArray());
            AddTexts(insert, "parts", firsts.Select(i => i.Series.BodyPart));
            AddTexts(insert, "descriptions", firsts.Select(i => i.Series.Description));
            AddNumbers(insert, "numbers", firsts.Select(i => i.Series.Number));
            return insert;
        }

        // :: Step 3, instances, in the batch's order: of two with one UID the first is stored.
        private NpgsqlBatchCommand InsertInstances()
        {
            var insert = Command(
                """
                insert into instances (tenant_id, id, study_id, series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
                                       instance_number, rows, columns, number_of_frames, blob, length, sha256, received_hmac,
                                       study_version, metadata, pixel_suspicions, status, stored_at)
                select @tenant, new.id, s.id, e.id, uid, class, syntax, new.number, height, width, frames, blob, length, sha, hmac,
                       case when s.status = @complete then s.version + 1 else s.version end, metadata,
                       string_to_array(suspicions, ','), @stored, at
                from unnest(@ids, @studies, @series, @uids, @classes, @syntaxes, @numbers, @heights, @widths, @frames, @blobs,
                            @lengths, @shas, @hmacs, @metadatas, @suspicions, @ats) with ordinality
                    as new (id, study, series, uid, class, syntax, number, height, width, frames, blob,
                            length, sha, hmac, metadata, suspicions, at, place)
                join studies s on s.tenant_id = @tenant and s.study_instance_uid = study
                join series e on e.tenant_id = @tenant and e.study_id = s.id and e.series_instance_uid = series
                order by place
                on conflict (tenant_id, sop_instance_uid) do nothing
                returning blob, study_id
                """);
            insert.Parameters.AddWithValue("stored", nameof(InstanceStatus.Stored));
            insert.Parameters.AddWithValue("complete", nameof(StudyStatus.Complete));
            insert.Parameters.AddWithValue("ids", instances.Select(_ => Guid.CreateVersion7()).ToArray());
            insert.Parameters.AddWithValue("studies", instances.Select(i => i.Stored.StudyInstanceUid).ToArray());
            insert.Parameters.AddWithValue("series", instances.Select(i => i.Stored.SeriesInstanceUid).ToArray());
            insert.Parameters.AddWithValue("uids", instances.Select(i => i.Stored.SopInstanceUid).ToArray());
            insert.Parameters.AddWithValue("classes", instances.Select(i => i.SopClassUid).ToArray());
            insert.Parameters.AddWithValue("syntaxes", instances.Select(i => i.TransferSyntaxUid).ToArray());
            AddNumbers(insert, "numbers", instances.Select(i => i.InstanceNumber));
            AddNumbers(insert, "heights", instances.Select(i => i.Rows));
            AddNumbers(insert, "widths", instances.Select(i => i.Columns));
            AddNumbers(insert, "frames", instances.Select(i => i.NumberOfFrames));
            insert.Parameters.AddWithValue("blobs", instances.Select(i => i.Writer.Name).ToArray());
            insert.Parameters.AddWithValue("lengths", instances.Select(i => i.Length).ToArray());
            insert.Parameters.AddWithValue("shas", instances.Select(i => i.Sha256).ToArray());
            insert.Parameters.AddWithValue("hmacs", instances.Select(i => i.ReceivedHmac).ToArray());
            insert.Parameters.AddWithValue("metadatas", instances.Select(i => i.Metadata).ToArray());
            insert.Parameters.AddWithValue("suspicions", instances.Select(i => string.Join(',', i.Suspicions)).ToArray());
            AddTimes(insert, "ats", instances.Select(i => i.ReceivedAt));
            return insert;
        }

        // :: Step 5
        private async Task<Dictionary<StagedInstance, Decision>> DecideAsync(Dictionary<string, Guid> stored, CancellationToken ct)
        {
            var decisions = instances.ToDictionary(i => i, Stored);
            var late = instances.Where(i => !stored.ContainsKey(i.Writer.Name)).ToList();
            if (late.Count == 0)
            {
                return decisions;
            }

            var existing = await ExistingAsync([.. late.Select(i => i.Stored.SopInstanceUid)], ct);
            foreach (var instance in late)
            {
                var row = existing[instance.Stored.SopInstanceUid];
                var isSame = row.ReceivedHmac == instance.ReceivedHmac
                    && row.StudyInstanceUid == instance.Stored.StudyInstanceUid
                    && row.SeriesInstanceUid == instance.Stored.SeriesInstanceUid;
                if (isSame && row.Status == InstanceStatus.Damaged)
                {
                    // The sender has what the store has lost.
                    await RepairAsync(row.Id, instance, ct);
                    continue;
                }

                decisions[instance] = new Decision(
                    isSame
                        ? Stored(instance).Outcome
                        : StoreOutcome.Refused(
                            StoreReason.DuplicateInstance,
                            "Other bytes are stored under this SOP Instance UID.",
                            instance.SopClassUid,
                            instance.Received),
                    IsBlobUsed: row.Blob == instance.Writer.Name);
            }

            return decisions;
        }

        private static Decision Stored(StagedInstance i) =>
            new(new StoreOutcome(i.SopClassUid, i.Received, i.Stored, null, null), IsBlobUsed: true);

        private async Task<Dictionary<string, Existing>> ExistingAsync(string[] uids, CancellationToken ct)
        {
            await using var batch = Batch();
            var select = Command(
                """
                select i.sop_instance_uid, i.id, s.study_instance_uid, e.series_instance_uid, i.blob, i.received_hmac, i.status
                from instances i
                join series e on e.tenant_id = i.tenant_id and e.id = i.series_id
                join studies s on s.tenant_id = i.tenant_id and s.id = i.study_id
                where i.tenant_id = @tenant and i.sop_instance_uid = any(@uids)
                """);
            select.Parameters.AddWithValue("uids", uids);
            batch.BatchCommands.Add(select);
            var rows = new Dictionary<string, Existing>(StringComparer.Ordinal);
            await using var reader = await batch.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                rows[reader.GetString(0)] = new Existing(
                    reader.GetGuid(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetString(4),
                    await reader.IsDBNullAsync(5, ct) ? null : reader.GetString(5),
                    Enum.Parse<InstanceStatus>(reader.GetString(6)));
            }

            return rows;
        }

        private async Task RepairAsync(Guid id, StagedInstance instance, CancellationToken ct)
        {
            await using var batch = Batch();
            var update = Command(
                """
                update instances set blob = @blob, length = @length, sha256 = @sha, metadata = @metadata, status = @stored
                where tenant_id = @tenant and id = @id
                """);
            update.Parameters.AddWithValue("id", id);
            update.Parameters.AddWithValue("blob", instance.Writer.Name);
            update.Parameters.AddWithValue("length", instance.Length);
            update.Parameters.AddWithValue("sha", instance.Sha256);
            update.Parameters.AddWithValue("metadata", instance.Metadata);
            update.Parameters.AddWithValue("stored", nameof(InstanceStatus.Stored));
            batch.BatchCommands.Add(update);
            await batch.ExecuteNonQueryAsync(ct);
        }

        // :: Step 4. The newest of these doorbells speaks; the completer looks at the study's own pace (design §3).
        private async Task GrowAsync(Dictionary<string, Guid> stored, CancellationToken ct)
        {
            await using var batch = Batch();
            var quietPeriod = group[0].Rules.QuietPeriod;
            foreach (var arrived in instances.Where(i => stored.ContainsKey(i.Writer.Name)).GroupBy(i => stored[i.Writer.Name]))
            {
                var last = arrived.Max(i => i.ReceivedAt);
                var part = arrived.Select(i => i.Study.BodyPart).FirstOrDefault(found => found is not null);
                var suspect = held.Contains(arrived.First().Stored.StudyInstanceUid) ? null : arrived.FirstOrDefault(i => i.Suspicions.Count > 0);
                batch.BatchCommands.Add(Grow(arrived.Key, last, part, isHeldNow: suspect is not null));
                batch.BatchCommands.Add(StudyCompleter.Ring(tenantId, arrived.Key, last + quietPeriod));
                foreach (var request in group)
                {
                    if (arrived.Count(request.Batch.Contains) is var count and > 0)
                    {
                        batch.BatchCommands.Add(audit.Record(
                            tenantId, request.Rules.Agent, "instances.store", "study", arrived.Key.ToString(), $"{count} instances"));
                    }
                }

                if (suspect is not null)
                {
                    batch.BatchCommands.Add(audit.Record(
                        tenantId,
                        group.Find(request => request.Batch.Contains(suspect))!.Rules.Agent,
                        PixelHold.Action,
                        "study",
                        arrived.Key.ToString(),
                        PixelHold.Describe(arrived.SelectMany(i => i.Suspicions))));
                }

                batch.BatchCommands.Add(Changes.Publish(tenantId, "study", arrived.Key, "receiving"));
            }

            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync(ct);
            }
        }

        private NpgsqlBatchCommand Grow(Guid studyId, DateTimeOffset last, BodyParts.Found? part, bool isHeldNow)
        {
            var update = Command(
                """
                update studies set
                    last_instance_at = greatest(last_instance_at, @last),
                    body_part = coalesce(body_part, @part),
                    body_part_source = case when body_part is null then @source else body_part_source end,
                    version = case when status = @complete then version + 1 else version end,
                    completed_at = null, no_ai_code = null, no_ai_reason = null,
                    pixels_held_at = case when @held then @last else pixels_held_at end,
                    pixels_released_at = case when @held then null else pixels_released_at end,
                    pixels_released_by = case when @held then null else pixels_released_by end,
                    status = @receiving
                where tenant_id = @tenant and id = @id
                """);
            update.Parameters.AddWithValue("id", studyId);
            update.Parameters.AddWithValue("last", last.UtcDateTime);
            update.Parameters.AddWithValue("held", isHeldNow);
            update.Parameters.Add(new NpgsqlParameter<string?>("part", NpgsqlDbType.Text) { TypedValue = part?.Code });
            update.Parameters.Add(new NpgsqlParameter<string?>("source", NpgsqlDbType.Text) { TypedValue = part?.Source });
            update.Parameters.AddWithValue("complete", nameof(StudyStatus.Complete));
            update.Parameters.AddWithValue("receiving", nameof(StudyStatus.Receiving));
            return update;
        }

        private NpgsqlBatch Batch() => new(transaction.Connection!, transaction);

        [SuppressMessage("Security", "CA2100", Justification = "Every caller passes a constant.")]
        private NpgsqlBatchCommand Command(string sql)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddWithValue("tenant", tenantId);
            return command;
        }

        private static void AddTexts(NpgsqlBatchCommand command, string name, IEnumerable<string?> values) =>
            command.Parameters.Add(
                new NpgsqlParameter(name, NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = values.ToArray() });

        private static void AddNumbers(NpgsqlBatchCommand command, string name, IEnumerable<int?> values) =>
            command.Parameters.Add(
                new NpgsqlParameter(name, NpgsqlDbType.Array | NpgsqlDbType.Integer) { Value = values.ToArray() });

        private static void AddTimes(NpgsqlBatchCommand command, string name, IEnumerable<DateTimeOffset> values) =>
            command.Parameters.AddWithValue(name, values.Select(at => at.UtcDateTime).ToArray());
    }
}

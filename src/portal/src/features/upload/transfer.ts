import { rememberPatient } from '@/lib/patients';
import { fromHandles, type Dropped } from '@/lib/upload/files';
import { keyOf, UploadMemory, type Remembered, type Unfinished } from '@/lib/upload/memory';
import { UploadQueue, type UploadItem } from '@/lib/upload/queue';
import type { FoundInstance, ScanProgress, ScanResult, SkippedFile } from '@/lib/upload/scan';
import { httpUploadService } from '@/lib/upload/service';
import { summarize, type FoundSummary } from '@/lib/upload/summary';

/** What was dropped: being looked into, or found and waiting for a person's word. */
export type Looking =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'scanning'; readonly progress: ScanProgress }
  | { readonly kind: 'found'; readonly result: ScanResult; readonly summary: FoundSummary; readonly already: number }
  | { readonly kind: 'failed' }
  /** What reads DICOM is not here: the line was down when it was fetched, and a browser fetches a part of a page once. */
  | { readonly kind: 'unloaded' };

export interface TransferState {
  readonly looking: Looking;
  readonly queue: UploadQueue | null;
  /** Files that were dropped with what is being sent and are not sent themselves. */
  readonly skipped: readonly SkippedFile[];
  readonly unfinished: readonly Unfinished[];
  /** This browser could not keep who a pseudonym is. */
  readonly isPatientListLost: boolean;
}

/** What reads DICOM and ZIP: not needed before the page stands, but fetched at once, so that it is here when the line has gone. */
const reader = () => import('@/lib/upload/scan');

/** A tenant's upload in this tab; it goes on while other pages are shown. */
class Transfer {
  private state: TransferState = { looking: { kind: 'nothing' }, queue: null, skipped: [], unfinished: [], isPatientListLost: false };
  private readonly listeners = new Set<() => void>();
  private readonly memory = UploadMemory.open();
  private handles: readonly FileSystemHandle[] = [];
  private storedKeys: ReadonlySet<string> = new Set();
  private remembered: number[] = [];
  private abort = new AbortController();

  constructor(private readonly tenant: string) {
    void this.readUnfinished();
    reader().catch(() => undefined); // said when something is dropped
    window.addEventListener('online', () => this.state.queue?.tryNow());
    window.addEventListener('beforeunload', event => {
      if (this.isSending) {
        event.preventDefault();
      }
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): TransferState => this.state;

  async look(what: Dropped | Promise<Dropped>): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.set({ looking: { kind: 'scanning', progress: { files: 0, instances: 0, skipped: 0 } } });
    try {
      const { files, handles } = await what;
      const read = await reader().catch(() => null);
      if (read === null) {
        this.set({ looking: { kind: 'unloaded' } });
        return;
      }
      let last = 0;
      const result = await read.scan(files, progress => {
        if (performance.now() - last > 100) {
          last = performance.now();
          this.set({ looking: { kind: 'scanning', progress } });
        }
      }, signal);
      this.handles = handles;
      this.storedKeys = await (await this.memory)?.storedKeys(this.tenant).catch(() => new Set<string>()) ?? new Set();
      const already = result.instances.filter(found => this.storedKeys.has(keyOf(toRemember(found)))).length;
      this.set({ looking: { kind: 'found', result, summary: summarize(result.instances), already } });
    } catch {
      this.set({ looking: signal.aborted ? { kind: 'nothing' } : { kind: 'failed' } });
    }
  }

  /** Looks into the folders of an interrupted upload again; the browser may ask for leave to read them. */
  async continue(upload: Unfinished): Promise<void> {
    for (const handle of upload.handles) {
      const asking = handle as FileSystemHandle & { requestPermission?(options: { mode: 'read' }): Promise<PermissionState> };
      if (await asking.requestPermission?.({ mode: 'read' }) === 'denied') {
        return;
      }
    }
    await this.look(fromHandles(upload.handles));
  }

  discard(): void {
    this.abort.abort();
    this.set({ looking: { kind: 'nothing' } });
  }

  async send(): Promise<void> {
    const { looking } = this.state;
    if (looking.kind !== 'found') {
      return;
    }
    const { instances, skipped } = looking.result;
    const isStored = (found: FoundInstance) => this.storedKeys.has(keyOf(toRemember(found)));
    this.set({ looking: { kind: 'nothing' }, skipped });
    const queue = this.isSending && this.state.queue !== null ? this.state.queue : this.newQueue();
    queue.add(instances, isStored);
    queue.start();
    const memory = await this.memory;
    if (memory !== null) {
      try {
        const older = this.state.unfinished.map(upload => upload.id);
        this.remembered.push(await memory.begin(
          this.tenant, instances.map(found => ({ ...toRemember(found), isStored: isStored(found) })), this.handles));
        // What an older, interrupted upload had stored is in this record now, if this is that upload again.
        if (looking.already > 0) {
          this.remembered.push(...older);
        }
        await memory.stored(this.remembered[0] ?? 0, queue.snapshot().items.filter(item => item.state === 'stored').map(item => toRemember(item.instance)));
      } catch {
        // Without a record this upload goes on all the same; only after a closed tab everything is sent again.
      }
    }
    void this.readUnfinished();
  }

  async forget(upload: Unfinished): Promise<void> {
    await (await this.memory)?.forget(upload.id);
    await this.readUnfinished();
  }

  clear(): void {
    this.state.queue?.dispose();
    this.set({ queue: null, skipped: [] });
  }

  private get isSending(): boolean {
    const state = this.state.queue?.snapshot().state;
    return state !== undefined && state !== 'done' && state !== 'ready';
  }

  private newQueue(): UploadQueue {
    this.state.queue?.dispose();
    const queue = new UploadQueue(httpUploadService(this.tenant), {
      onStored: items => void this.rememberStored(items),
      onKnown: (study, known) => {
        const header = study.items[0]?.instance.header;
        if (header !== undefined) {
          rememberPatient({
            tenant: this.tenant,
            pseudonym: known.patientPseudonym,
            patientId: header.patientId,
            patientName: header.patientName,
            birthDate: header.patientBirthDate,
            sex: header.patientSex,
            studyUids: [known.studyInstanceUid],
          }).catch(() => this.set({ isPatientListLost: true }));
        }
      },
      onFinished: () => void this.forgetFinished(),
    });
    this.set({ queue });
    return queue;
  }

  private async rememberStored(items: readonly UploadItem[]): Promise<void> {
    const memory = await this.memory;
    const id = this.remembered[0];
    if (id !== undefined) {
      await memory?.stored(id, items.map(item => toRemember(item.instance))).catch(() => undefined);
    }
  }

  private async forgetFinished(): Promise<void> {
    const memory = await this.memory;
    for (const id of this.remembered.splice(0)) {
      await memory?.forget(id).catch(() => undefined);
    }
    await this.readUnfinished();
  }

  private async readUnfinished(): Promise<void> {
    const all = await (await this.memory)?.unfinished(this.tenant).catch(() => []) ?? [];
    this.set({ unfinished: all.filter(upload => !this.remembered.includes(upload.id)) });
  }

  private set(change: Partial<TransferState>): void {
    this.state = { ...this.state, ...change };
    this.listeners.forEach(listener => listener());
  }
}

function toRemember({ file, header }: FoundInstance): Remembered {
  return { path: file.path, size: file.size, modified: file.modified, sopInstanceUid: header.sopInstanceUid };
}

const transfers = new Map<string, Transfer>();

export function transferOf(tenant: string): Transfer {
  let transfer = transfers.get(tenant);
  if (transfer === undefined) {
    transfer = new Transfer(tenant);
    transfers.set(tenant, transfer);
  }
  return transfer;
}

import type { RefusalReason } from './reasons';
import { reasonOf } from './reasons';
import type { FoundInstance } from './scan';
import { lanes, requestSize, Speed } from './speed';
import type { InstanceOutcome } from './stow';

export type ItemState = 'waiting' | 'sending' | 'stored' | 'refused';

export interface Refusal {
  readonly reason: RefusalReason;
  /** The service's own words, for who reports a problem. */
  readonly comment: string;
}

/** One instance on its way. The queue changes it in place; a new snapshot tells that something has changed. */
export interface UploadItem {
  readonly id: number;
  readonly instance: FoundInstance;
  state: ItemState;
  /** Bytes of it that have left the browser in the present try. */
  sent: number;
  tries: number;
  refusal: Refusal | null;
  /** Stored by an earlier, interrupted upload. */
  readonly wasStored: boolean;
}

/** A study as the service knows it. */
export interface StoredStudy {
  readonly studyInstanceUid: string;
  readonly patientPseudonym: string;
}

export interface UploadStudy {
  /** Study Instance UID as received. */
  readonly uid: string;
  readonly items: UploadItem[];
  stored: number;
  refused: number;
  /** Null until the service has said under which names it keeps the study. */
  known: StoredStudy | null;
  /** The service has been told that it is whole. */
  isComplete: boolean;
}

/** Why the line rests: `later` goes on by itself, `stopped` needs a person. */
export type Trouble = 'offline' | 'server' | 'busy' | 'full' | 'signed-out' | 'forbidden';

export type SendResult =
  | { readonly kind: 'answered'; readonly outcomes: readonly InstanceOutcome[] }
  | { readonly kind: 'later'; readonly why: 'offline' | 'server' | 'busy' | 'full'; readonly afterSeconds: number | null }
  | { readonly kind: 'stopped'; readonly why: 'signed-out' | 'forbidden' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'bad-request'; readonly detail: string }
  | { readonly kind: 'unreadable'; readonly index: number }
  | { readonly kind: 'aborted' };

export type CallResult<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'missing' }
  | Extract<SendResult, { kind: 'later' | 'stopped' | 'aborted' }>;

/** What the queue needs of the service. Every call may be made again: the service recognises what it has. */
export interface UploadService {
  /** Sends whole instances in one request; `onSent` gets the bytes of the request that have left. */
  send(files: readonly FoundInstance[], onSent: (bytes: number) => void, signal: AbortSignal): Promise<SendResult>;
  find(studyUid: string, signal: AbortSignal): Promise<CallResult<StoredStudy>>;
  complete(studyUid: string, signal: AbortSignal): Promise<CallResult<null>>;
}

export interface UploadEvents {
  onStored?(items: readonly UploadItem[]): void;
  onKnown?(study: UploadStudy, known: StoredStudy): void;
  onFinished?(): void;
}

export type UploadState = 'ready' | 'sending' | 'paused' | 'retrying' | 'stopped' | 'done';

export interface UploadSnapshot {
  readonly state: UploadState;
  readonly trouble: Trouble | null;
  /** Milliseconds since 1970 of the next try, while `retrying`. */
  readonly retryAt: number | null;
  readonly items: readonly UploadItem[];
  readonly studies: readonly UploadStudy[];
  readonly stored: number;
  readonly refused: number;
  readonly totalBytes: number;
  readonly sentBytes: number;
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

type Task = { kind: 'send'; items: UploadItem[] } | { kind: 'find' | 'complete'; study: UploadStudy };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const FAULTS_OF_ONE_INSTANCE = 5;
const NOTIFY_MS = 120;

/**
 * Sends instances until each is stored or refused, through a bad line: one or two requests at a time, again after whatever broke one, then
 * tells the service that each study is whole. It holds no bytes, only files.
 */
export class UploadQueue {
  private readonly items: UploadItem[] = [];
  private readonly studies = new Map<string, UploadStudy>();
  private readonly tasks = new Set<Task>();
  private readonly listeners = new Set<() => void>();
  private readonly speed = new Speed();
  private running: AbortController | null = null;
  private next = 0;
  private waits = 0;
  private trouble: Trouble | null = null;
  private retryAt: number | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private notifyTimer: ReturnType<typeof setTimeout> | undefined;
  private isPaused = false;
  private hasStarted = false;
  private hasFinished = false;
  private snapshotNow: UploadSnapshot;

  constructor(
    private readonly service: UploadService,
    private readonly events: UploadEvents = {},
    private readonly now: () => number = () => Date.now(),
  ) {
    this.snapshotNow = this.takeSnapshot();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): UploadSnapshot => this.snapshotNow;

  /** Adds instances; `isStored` says which of them an earlier upload has stored already. */
  add(instances: readonly FoundInstance[], isStored: (instance: FoundInstance) => boolean = () => false): void {
    for (const instance of instances) {
      const wasStored = isStored(instance);
      const item: UploadItem = {
        id: this.items.length,
        instance,
        state: wasStored ? 'stored' : 'waiting',
        sent: wasStored ? instance.file.size : 0,
        tries: 0,
        refusal: null,
        wasStored,
      };
      this.items.push(item);
      const uid = instance.header.studyInstanceUid;
      let study = this.studies.get(uid);
      if (study === undefined) {
        study = { uid, items: [], stored: 0, refused: 0, known: null, isComplete: false };
        this.studies.set(uid, study);
      }
      study.items.push(item);
      study.stored += wasStored ? 1 : 0;
      study.isComplete = false;
    }
    this.hasFinished = false;
    this.pump();
  }

  start(): void {
    this.hasStarted = true;
    this.pump();
  }

  pause(): void {
    this.isPaused = true;
    this.stopLine();
    this.changed();
  }

  resume(): void {
    this.isPaused = false;
    this.tryNow();
  }

  /** Goes on at once after trouble, without waiting for the next try. */
  tryNow(): void {
    clearTimeout(this.retryTimer);
    this.trouble = null;
    this.retryAt = null;
    this.pump();
  }

  /** Sends refused instances again: all, or one of them. */
  retry(only?: UploadItem): void {
    for (const item of only === undefined ? this.items : [only]) {
      if (item.state === 'refused') {
        const study = this.studyOf(item);
        study.refused--;
        study.isComplete = false;
        item.state = 'waiting';
        item.refusal = null;
        item.tries = 0;
        this.next = Math.min(this.next, item.id);
      }
    }
    this.hasFinished = false;
    this.pump();
  }

  dispose(): void {
    this.isPaused = true;
    this.stopLine();
    clearTimeout(this.retryTimer);
    clearTimeout(this.notifyTimer);
    this.listeners.clear();
  }

  private stopLine(): void {
    this.running?.abort();
    this.running = null;
    this.speed.stop();
  }

  private get isHeld(): boolean {
    return !this.hasStarted || this.isPaused || this.trouble !== null;
  }

  private pump(): void {
    while (!this.isHeld) {
      // After trouble one request asks whether the line is back; the second lane follows its success.
      const width = this.waits > 0 ? 1 : lanes(this.speed.bytesPerSecond(this.now()));
      const task = this.tasks.size < width ? this.nextTask() : null;
      if (task === null) {
        break;
      }
      this.tasks.add(task);
      void this.run(task);
    }
    if (this.tasks.size === 0 && this.hasStarted && !this.hasFinished && this.isDone) {
      this.hasFinished = true;
      this.speed.stop();
      this.events.onFinished?.();
    }
    this.changed();
  }

  private get isDone(): boolean {
    return this.items.length > 0 && [...this.studies.values()].every((study) => study.isComplete);
  }

  /** Names and completions before bytes: they are small, and a person waits for them. */
  private nextTask(): Task | null {
    for (const study of this.studies.values()) {
      const isBusy = [...this.tasks].some((task) => task.kind !== 'send' && task.study === study);
      if (isBusy || study.isComplete) {
        continue;
      }
      const isSettled = study.stored + study.refused === study.items.length;
      if (study.stored === 0) {
        // Nothing of it is there: there is nothing to complete.
        study.isComplete = isSettled;
      } else if (study.known === null) {
        return { kind: 'find', study };
      } else if (isSettled) {
        return { kind: 'complete', study };
      }
    }

    while (this.items[this.next] !== undefined && this.items[this.next]?.state !== 'waiting') {
      this.next++;
    }
    const room = requestSize(this.speed.bytesPerSecond(this.now()));
    const picked: UploadItem[] = [];
    let bytes = 0;
    for (let at = this.next; at < this.items.length && picked.length < room.instances; at++) {
      const item = this.items[at];
      if (item?.state !== 'waiting') {
        continue;
      }
      bytes += item.instance.file.size;
      const first = picked[0];
      const header = item.instance.header;
      if (first !== undefined) {
        const isTwin = picked.some((other) => other.instance.header.sopInstanceUid === header.sopInstanceUid);
        const isAlone = item.tries > 0 || first.tries > 0;
        if (bytes > room.bytes || isTwin || isAlone || header.studyInstanceUid !== first.instance.header.studyInstanceUid) {
          break;
        }
      }
      picked.push(item);
    }
    for (const item of picked) {
      item.state = 'sending';
      item.sent = 0;
    }
    return picked.length === 0 ? null : { kind: 'send', items: picked };
  }

  private async run(task: Task): Promise<void> {
    this.running ??= new AbortController();
    const { signal } = this.running;
    this.speed.start(this.now());
    try {
      if (task.kind === 'send') {
        await this.sendItems(task.items, signal);
      } else if (task.kind === 'find') {
        await this.findStudy(task.study, signal);
      } else {
        await this.completeStudy(task.study, signal);
      }
    } finally {
      this.tasks.delete(task);
      this.pump();
    }
  }

  private async sendItems(items: UploadItem[], signal: AbortSignal): Promise<void> {
    let before = 0;
    const onSent = (bytes: number) => {
      this.speed.add(bytes - before, this.now());
      before = bytes;
      let rest = bytes;
      for (const item of items) {
        item.sent = Math.min(item.instance.file.size, Math.max(0, rest));
        rest -= item.instance.file.size;
      }
      this.changedSoon();
    };
    const result = await this.service.send(
      items.map((item) => item.instance),
      onSent,
      signal,
    );

    switch (result.kind) {
      case 'answered':
        this.lineWorks();
        this.settle(items, result.outcomes);
        return;
      case 'later':
        // One instance at which the server fails again and again must not hold up the others.
        if (result.why === 'server' && items.length === 1 && items[0] !== undefined && ++items[0].tries >= FAULTS_OF_ONE_INSTANCE) {
          this.refuse(items[0], { reason: 'server-fault', comment: '' });
          return;
        }
        this.putBack(items, result.why === 'server' && items.length > 1);
        this.wait(result.why, result.afterSeconds);
        return;
      case 'stopped':
        this.putBack(items, false);
        this.stop(result.why);
        return;
      case 'too-large':
      case 'bad-request':
        if (items.length > 1 || items[0] === undefined) {
          this.putBack(items, true);
        } else {
          this.refuse(
            items[0],
            result.kind === 'too-large'
              ? { reason: 'request-too-large', comment: '' }
              : { reason: 'request-refused', comment: result.detail },
          );
        }
        return;
      case 'unreadable':
        this.putBack(items, false);
        this.refuse(items[result.index] ?? items[0], { reason: 'unreadable', comment: '' });
        return;
      case 'aborted':
        this.putBack(items, false);
    }
  }

  private settle(items: readonly UploadItem[], outcomes: readonly InstanceOutcome[]): void {
    const stored: UploadItem[] = [];
    items.forEach((item, index) => {
      const outcome = outcomes[index] ?? { kind: 'unknown' };
      if (outcome.kind === 'stored') {
        item.state = 'stored';
        item.sent = item.instance.file.size;
        this.studyOf(item).stored++;
        stored.push(item);
      } else if (outcome.kind === 'refused') {
        this.refuse(item, { reason: reasonOf(outcome.code, outcome.comment), comment: outcome.comment });
      } else if (++item.tries >= FAULTS_OF_ONE_INSTANCE) {
        this.refuse(item, { reason: 'server-fault', comment: '' });
      } else {
        this.putBack([item], true);
      }
    });
    if (stored.length > 0) {
      this.events.onStored?.(stored);
    }
  }

  private async findStudy(study: UploadStudy, signal: AbortSignal): Promise<void> {
    const result = await this.service.find(study.uid, signal);
    if (this.isCallDone(result)) {
      study.known = result.value;
      this.events.onKnown?.(study, result.value);
    } else if (result.kind === 'missing') {
      this.sendAgain(study);
    }
  }

  private async completeStudy(study: UploadStudy, signal: AbortSignal): Promise<void> {
    const result = await this.service.complete(study.uid, signal);
    if (this.isCallDone(result)) {
      study.isComplete = true;
    } else if (result.kind === 'missing') {
      this.sendAgain(study);
    }
  }

  private isCallDone<T>(result: CallResult<T>): result is Extract<CallResult<T>, { kind: 'done' }> {
    if (result.kind === 'later') {
      this.wait(result.why, result.afterSeconds);
    } else if (result.kind === 'stopped') {
      this.stop(result.why);
    } else if (result.kind === 'done' || result.kind === 'missing') {
      this.lineWorks();
    }
    return result.kind === 'done';
  }

  /** The service does not have what an earlier upload is said to have stored: believe the service. */
  private sendAgain(study: UploadStudy): void {
    for (const item of study.items) {
      if (item.state === 'stored') {
        item.state = 'waiting';
        item.sent = 0;
        study.stored--;
        this.next = Math.min(this.next, item.id);
      }
    }
    study.known = null;
  }

  private refuse(item: UploadItem | undefined, refusal: Refusal): void {
    if (item !== undefined) {
      item.state = 'refused';
      item.sent = 0;
      item.refusal = refusal;
      this.studyOf(item).refused++;
    }
  }

  private putBack(items: readonly UploadItem[], isAlone: boolean): void {
    for (const item of items) {
      item.state = 'waiting';
      item.sent = 0;
      item.tries = isAlone ? Math.max(1, item.tries) : item.tries;
      this.next = Math.min(this.next, item.id);
    }
  }

  private lineWorks(): void {
    this.waits = 0;
  }

  private wait(why: Trouble, afterSeconds: number | null): void {
    if (this.trouble !== null) {
      return;
    }
    const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.waits);
    // Spread out, so that a hundred hospitals do not come back in the same second.
    const delay = afterSeconds === null ? backoff * (0.75 + Math.random() / 2) : Math.min(afterSeconds * 1000, 10 * LONGEST_WAIT_MS);
    this.waits++;
    this.trouble = why;
    this.retryAt = this.now() + delay;
    this.speed.stop();
    if (why === 'offline') {
      // A dead line rarely says so twice: what else is on it would only wait for its own end.
      this.stopLine();
    }
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      this.tryNow();
    }, delay);
  }

  private stop(why: Trouble): void {
    clearTimeout(this.retryTimer);
    this.trouble = why;
    this.retryAt = null;
    this.stopLine();
  }

  private studyOf(item: UploadItem): UploadStudy {
    const study = this.studies.get(item.instance.header.studyInstanceUid);
    if (study === undefined) {
      throw new Error('An item without its study.');
    }
    return study;
  }

  private changedSoon(): void {
    this.notifyTimer ??= setTimeout(() => {
      this.changed();
    }, NOTIFY_MS);
  }

  private changed(): void {
    clearTimeout(this.notifyTimer);
    this.notifyTimer = undefined;
    this.snapshotNow = this.takeSnapshot();
    for (const listener of this.listeners) {
      listener();
    }
  }

  private takeSnapshot(): UploadSnapshot {
    let stored = 0;
    let refused = 0;
    let totalBytes = 0;
    let sentBytes = 0;
    for (const item of this.items) {
      const { size } = item.instance.file;
      totalBytes += size;
      stored += item.state === 'stored' ? 1 : 0;
      refused += item.state === 'refused' ? 1 : 0;
      sentBytes += item.state === 'refused' ? size : item.sent;
    }
    const bytesPerSecond = this.speed.bytesPerSecond(this.now());
    const state: UploadState = this.hasFinished
      ? 'done'
      : !this.hasStarted
        ? 'ready'
        : this.isPaused
          ? 'paused'
          : this.retryAt !== null
            ? 'retrying'
            : this.trouble !== null
              ? 'stopped'
              : 'sending';
    return {
      state,
      trouble: this.trouble,
      retryAt: this.retryAt,
      items: this.items,
      studies: [...this.studies.values()],
      stored,
      refused,
      totalBytes,
      sentBytes,
      bytesPerSecond,
      secondsLeft: bytesPerSecond === null || bytesPerSecond < 1 ? null : (totalBytes - sentBytes) / bytesPerSecond,
    };
  }
}

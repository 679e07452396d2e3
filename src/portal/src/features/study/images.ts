import { apiFetch } from '@/lib/api';
import { imageAddress, type SeriesPath } from './preview';

const kept = 80;
const firstRetryMs = 1_000;
const longestRetryMs = 8_000;

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

/** How many neighbours are fetched ahead: few where each byte is dear. */
function ahead(): number {
  const { connection } = navigator as Navigator & { connection?: Connection };
  return connection?.saveData === true || /2g|3g/.test(connection?.effectiveType ?? '') ? 1 : 4;
}

/** The full-size pictures of a series: the one that is looked at first, then its neighbours in the direction of scrolling, one by one. */
export class SeriesImages {
  private readonly bitmaps = new Map<number, ImageBitmap>();
  private readonly failed = new Set<number>();
  private wanted: number[] = [];
  private fetching: { index: number; abort: AbortController } | null = null;
  private wake: (() => void) | null = null;
  private isClosed = false;
  private retries = 0;

  constructor(
    private readonly path: SeriesPath,
    private readonly count: number,
    private readonly version: string | null,
    private readonly onArrived: () => void,
  ) {}

  get(index: number): ImageBitmap | undefined {
    const bitmap = this.bitmaps.get(index);
    if (bitmap !== undefined) {
      this.bitmaps.delete(index); // to the end: the one used longest ago goes first
      this.bitmaps.set(index, bitmap);
    }
    return bitmap;
  }

  hasFailed(index: number): boolean {
    return this.failed.has(index);
  }

  /** A person looks at an image; `direction` is where the last step went. */
  want(index: number, direction: 1 | -1): void {
    const reach = ahead();
    const order = [index];
    for (let step = 1; step <= reach; step++) {
      order.push(index + step * direction, index - step * direction);
    }
    this.failed.delete(index);
    this.wanted = order.filter(i => i >= 0 && i < this.count && !this.bitmaps.has(i) && !this.failed.has(i));
    // A neighbour on its way is let come unless the line is better used for what is looked at now.
    if (this.fetching !== null && this.wanted[0] === index && this.fetching.index !== index && reach === 1) {
      this.fetching.abort.abort();
    }
    this.retries = 0;
    this.wake?.();
    void this.pump();
  }

  /** The worker says that they are made: ask at once. */
  ready(): void {
    this.wake?.();
  }

  close(): void {
    this.isClosed = true;
    this.fetching?.abort.abort();
    this.wake?.();
    for (const bitmap of this.bitmaps.values()) {
      bitmap.close();
    }
    this.bitmaps.clear();
  }

  private async pump(): Promise<void> {
    if (this.fetching !== null) {
      return;
    }
    for (let index = this.wanted.shift(); index !== undefined && !this.isClosed; index = this.wanted.shift()) {
      const abort = new AbortController();
      this.fetching = { index, abort };
      try {
        await this.fetchOne(index, abort.signal);
      } catch {
        if (!abort.signal.aborted) {
          this.failed.add(index);
          this.onArrived();
        }
      } finally {
        this.fetching = null;
      }
    }
  }

  private async fetchOne(index: number, signal: AbortSignal): Promise<void> {
    const answer = await apiFetch(imageAddress(this.path, index, this.version), { signal });
    if (answer.status === 202) {
      const seconds = Number(answer.headers.get('Retry-After') ?? '1');
      await this.pause(Math.min(longestRetryMs, Math.max(firstRetryMs * 1.5 ** this.retries, seconds * 1000)));
      this.retries++;
      this.wanted.unshift(index);
      return;
    }
    const bitmap = await createImageBitmap(await answer.blob());
    if (this.isClosed) {
      bitmap.close();
      return;
    }
    this.bitmaps.set(index, bitmap);
    const oldest = this.bitmaps.keys().next().value;
    if (this.bitmaps.size > kept && oldest !== undefined) {
      this.bitmaps.get(oldest)?.close();
      this.bitmaps.delete(oldest);
    }
    this.onArrived();
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.wake = end;
    });
  }
}

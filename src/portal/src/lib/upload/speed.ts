const WINDOW_MS = 12_000;

/** Bytes a second over the last seconds, so that one stall or one burst does not make the time left jump. */
export class Speed {
  private readonly samples: { at: number; bytes: number }[] = [];
  private since: number | null = null;

  /** The line starts to work, after a pause or at the beginning. */
  start(now: number): void {
    this.since ??= now;
  }

  /** The line rests: the pause must not count as slowness. */
  stop(): void {
    this.since = null;
    this.samples.length = 0;
  }

  add(bytes: number, now: number): void {
    this.samples.push({ at: now, bytes });
    const oldest = now - WINDOW_MS;
    while (this.samples.length > 0 && (this.samples[0]?.at ?? now) < oldest) {
      this.samples.shift();
    }
  }

  /** Null until there is enough to say something. */
  bytesPerSecond(now: number): number | null {
    if (this.since === null) {
      return null;
    }
    const elapsed = Math.min(WINDOW_MS, now - this.since);
    if (elapsed < 500) {
      return null;
    }
    const oldest = now - WINDOW_MS;
    const bytes = this.samples.reduce((sum, sample) => (sample.at >= oldest ? sum + sample.bytes : sum), 0);
    return (bytes * 1000) / elapsed;
  }
}

const SECONDS_A_REQUEST = 3;
const MAX_INSTANCES = 4;
const MAX_REQUEST_BYTES = 8 << 20;
const SLOW = 200_000;

/** How much one request carries: what the line takes in a few seconds, so that a cut costs little; one instance while unknown or slow. */
export function requestSize(bytesPerSecond: number | null): { instances: number; bytes: number } {
  if (bytesPerSecond === null || bytesPerSecond < SLOW) {
    return { instances: 1, bytes: 0 };
  }
  return { instances: MAX_INSTANCES, bytes: Math.min(MAX_REQUEST_BYTES, bytesPerSecond * SECONDS_A_REQUEST) };
}

/** Two requests at a time fill a fast line; on a slow one they would only both be lost. */
export function lanes(bytesPerSecond: number | null): number {
  return bytesPerSecond !== null && bytesPerSecond >= SLOW ? 2 : 1;
}

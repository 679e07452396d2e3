import { useEffect, useRef, useSyncExternalStore } from 'react';
import { fillPath } from './api';

/** A change in the tenant; `again` means: something may have been missed, read again what you show. */
export interface Change {
  kind: 'study' | 'run' | 'preview' | 'again';
  id: string;
  state: string;
}

const kinds = ['study', 'run', 'preview'] as const;
const silenceMs = 40_000; // the API sends a heartbeat every 15 s
const retryMs = [2_000, 5_000, 10_000, 30_000];

/** `connecting` is the first try only: after that it is either heard or down. */
export type StreamState = 'connecting' | 'live' | 'down';

/** One stream for all that a page shows of a tenant; closed when nobody listens. */
class Stream {
  readonly listeners = new Set<(change: Change) => void>();
  readonly watchers = new Set<() => void>();
  state: StreamState = 'connecting';
  private source: EventSource | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(private readonly tenant: string) {}

  open(): void {
    if (this.source || this.retry) {
      return;
    }
    const source = new EventSource(fillPath('/t/{tenant}/events', { tenant: this.tenant }));
    this.source = source;
    source.onerror = () => this.again();
    const heard = () => {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.again(), silenceMs);
    };
    const onAgain = () => {
      heard();
      this.failures = 0;
      this.setState('live');
      this.tell({ kind: 'again', id: '', state: '' });
    };
    source.addEventListener('ready', onAgain);
    source.addEventListener('resync', onAgain);
    source.addEventListener('heartbeat', heard);
    for (const kind of kinds) {
      source.addEventListener(kind, event => {
        heard();
        this.tell({ kind, ...(JSON.parse(event.data as string) as { id: string; state: string }) });
      });
    }
  }

  close(): void {
    this.source?.close();
    this.source = undefined;
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  // The browser's own retry ends for good on an answer that is no stream (401, 502); this one does not.
  private again(): void {
    this.close();
    this.setState('down');
    const wait = retryMs[Math.min(this.failures, retryMs.length - 1)];
    this.failures += 1;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.open();
    }, wait);
  }

  private setState(state: StreamState): void {
    if (state !== this.state) {
      this.state = state;
      this.watchers.forEach(watcher => watcher());
    }
  }

  private tell(change: Change): void {
    this.listeners.forEach(listener => listener(change));
  }
}

const streams = new Map<string, Stream>();

function streamOf(tenant: string): Stream {
  let stream = streams.get(tenant);
  if (!stream) {
    stream = new Stream(tenant);
    streams.set(tenant, stream);
  }
  return stream;
}

/** Hears a tenant's changes while the component is shown. */
export function useChanges(tenant: string, onChange: (change: Change) => void): void {
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const stream = streamOf(tenant);
    const listener = (change: Change) => latest.current(change);
    stream.listeners.add(listener);
    stream.open();
    return () => {
      stream.listeners.delete(listener);
      if (stream.listeners.size === 0) {
        stream.close();
        stream.state = 'connecting';
      }
    };
  }, [tenant]);
}

/** How the tenant's stream stands. */
export function useStreamState(tenant: string): StreamState {
  const stream = streamOf(tenant);
  return useSyncExternalStore(
    watcher => {
      stream.watchers.add(watcher);
      return () => stream.watchers.delete(watcher);
    },
    () => stream.state,
  );
}

/** Whether changes arrive by themselves; where not, poll. */
export function useIsLive(tenant: string): boolean {
  return useStreamState(tenant) === 'live';
}

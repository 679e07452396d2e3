import { useSyncExternalStore } from 'react';

/** `offline`: this computer has no network; `unreachable`: it has one, but the API does not answer. */
export type Connection = 'online' | 'offline' | 'unreachable';

let answered = true;
let current: Connection = 'online';
const listeners = new Set<() => void>();

function update(): void {
  const next: Connection = typeof navigator !== 'undefined' && !navigator.onLine ? 'offline' : answered ? 'online' : 'unreachable';
  if (next !== current) {
    current = next;
    listeners.forEach(listener => listener());
  }
}

if (typeof window !== 'undefined') {
  window.addEventListener('online', () => void probe());
  window.addEventListener('offline', update);
  update();
}

/** An answer came; a gateway's 502, 503 or 504 means that the API itself did not give it. */
export function reportAnswer(status: number): void {
  answered = status !== 502 && status !== 503 && status !== 504;
  update();
  if (!answered) {
    schedule();
  }
}

export function reportNoAnswer(): void {
  answered = false;
  update();
  schedule();
}

let timer: ReturnType<typeof setTimeout> | undefined;

// While nothing answers, ask the cheapest question every few seconds, so that the pages come back by themselves.
function schedule(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    void probe();
  }, 3000);
}

async function probe(): Promise<void> {
  try {
    reportAnswer((await fetch('/health/live', { cache: 'no-store' })).status);
  } catch {
    reportNoAnswer();
  }
}

export function connection(): Connection {
  return current;
}

/** Calls back when the connection goes or comes back. */
export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useConnection(): Connection {
  return useSyncExternalStore(onConnection, connection);
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UploadQueue, type CallResult, type SendResult, type StoredStudy, type UploadService } from './queue';
import type { FoundInstance } from './scan';
import type { InstanceOutcome } from './stow';

function instance(n: number, study = '1', size = 1000): FoundInstance {
  const blob = new Blob([new Uint8Array(size)]);
  return {
    file: { path: `folder/${n}`, size, modified: 0, head: () => Promise.resolve(blob), blob: () => Promise.resolve(blob) },
    header: {
      kind: 'instance', transferSyntaxUid: '', sopClassUid: '', sopInstanceUid: `${study}.${n}`, studyInstanceUid: study,
      seriesInstanceUid: `${study}.0`, modality: 'CT', patientName: 'A', patientId: '1', patientBirthDate: '', patientSex: '',
      studyDate: '', studyDescription: '', seriesDescription: '', seriesNumber: 1, instanceNumber: n, bodyPart: '', frames: 1,
    },
  };
}

/** A service that stores in memory what it is sent, and fails as the test says. */
class Server implements UploadService {
  readonly stored = new Set<string>();
  readonly completed: string[] = [];
  readonly requests: string[][] = [];
  trouble: ((uids: readonly string[]) => SendResult | null) | null = null;
  outcome: (uid: string) => InstanceOutcome = () => ({ kind: 'stored' });

  async send(files: readonly FoundInstance[], onSent: (bytes: number) => void, signal: AbortSignal): Promise<SendResult> {
    const uids = files.map(({ header }) => header.sopInstanceUid);
    this.requests.push(uids);
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (signal.aborted) {
      return { kind: 'aborted' };
    }
    const trouble = this.trouble?.(uids);
    if (trouble) {
      return trouble;
    }
    onSent(files.reduce((sum, { file }) => sum + file.size, 0));
    const outcomes = files.map(({ header }) => this.outcome(header.sopInstanceUid));
    files.forEach(({ header }, i) => outcomes[i]?.kind === 'stored' && this.stored.add(header.sopInstanceUid));
    return { kind: 'answered', outcomes };
  }

  find(uid: string): Promise<CallResult<StoredStudy>> {
    const isHere = [...this.stored].some((sop) => sop.startsWith(`${uid}.`));
    return Promise.resolve(isHere ? { kind: 'done', value: { studyInstanceUid: `2.25.${uid}`, patientPseudonym: 'P' } } : { kind: 'missing' });
  }

  complete(uid: string): Promise<CallResult<null>> {
    this.completed.push(uid);
    return Promise.resolve({ kind: 'done', value: null });
  }
}

const offline: SendResult = { kind: 'later', why: 'offline', afterSeconds: null };

describe('UploadQueue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const until = async (condition: () => boolean) => {
    for (let i = 0; i < 2000 && !condition(); i++) {
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(condition()).toBe(true);
  };

  it('sends every instance, names each study and completes it', async () => {
    const server = new Server();
    const known: string[] = [];
    const queue = new UploadQueue(server, { onKnown: (_, study) => known.push(study.studyInstanceUid) });
    queue.add([instance(1), instance(2), instance(1, '7'), instance(3)]);
    expect(queue.snapshot().state).toBe('ready');
    expect(server.requests).toEqual([]);
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(server.stored.size).toBe(4);
    expect(server.completed.sort()).toEqual(['1', '7']);
    expect(known.sort()).toEqual(['2.25.1', '2.25.7']);
  });

  it('sends one instance a request until the line has shown to be fast, then more', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add(Array.from({ length: 200 }, (_, i) => instance(i, '1', 100_000)));
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(server.requests[0]).toHaveLength(1);
    expect(Math.max(...server.requests.map((request) => request.length))).toBe(4);
  });

  it('goes on by itself after the line was down', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add([instance(1), instance(2), instance(3)]);
    server.trouble = () => offline;
    queue.start();
    await until(() => queue.snapshot().state === 'retrying');
    expect(queue.snapshot()).toMatchObject({ trouble: 'offline', stored: 0 });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(server.requests.length).toBeLessThan(15);
    server.trouble = null;
    await until(() => queue.snapshot().state === 'done');
    expect(server.stored.size).toBe(3);
  });

  it('waits as long as the service asks for', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add([instance(1)]);
    server.trouble = () => ({ kind: 'later', why: 'busy', afterSeconds: 20 });
    queue.start();
    await until(() => queue.snapshot().state === 'retrying');
    await vi.advanceTimersByTimeAsync(19_000);
    expect(server.requests).toHaveLength(1);
    server.trouble = null;
    await until(() => queue.snapshot().state === 'done');
  });

  it('tells a refusal and sends the rest; a retry sends it again', async () => {
    const server = new Server();
    server.outcome = (uid) => (uid === '1.2' ? { kind: 'refused', code: 0xc000, comment: 'It ends too early; send it again whole.' } : { kind: 'stored' });
    const queue = new UploadQueue(server);
    queue.add([instance(1), instance(2), instance(3)]);
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(queue.snapshot()).toMatchObject({ stored: 2, refused: 1 });
    expect(queue.snapshot().items[1]?.refusal?.reason).toBe('cut');
    server.outcome = () => ({ kind: 'stored' });
    queue.retry();
    await until(() => queue.snapshot().state === 'done');
    expect(queue.snapshot()).toMatchObject({ stored: 3, refused: 0 });
    expect(server.completed).toEqual(['1', '1']);
  });

  it('gives up one instance at which the service fails, not the others', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add([instance(1), instance(2), instance(3)]);
    server.trouble = uids => (uids.includes('1.2') ? { kind: 'later', why: 'server', afterSeconds: null } : null);
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(queue.snapshot()).toMatchObject({ stored: 2, refused: 1 });
    expect(queue.snapshot().items[1]?.refusal?.reason).toBe('server-fault');
  });

  it('sends singly what a request could not carry together', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add(Array.from({ length: 100 }, (_, i) => instance(i, '1', 100_000)));
    server.trouble = uids => (uids.length > 1 ? { kind: 'too-large' } : null);
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(server.stored.size).toBe(100);
  });

  it('stops when the session has ended and goes on after signing in', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add([instance(1)]);
    server.trouble = () => ({ kind: 'stopped', why: 'signed-out' });
    queue.start();
    await until(() => queue.snapshot().state === 'stopped');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(server.requests).toHaveLength(1);
    server.trouble = null;
    queue.tryNow();
    await until(() => queue.snapshot().state === 'done');
  });

  it('pauses and resumes', async () => {
    const server = new Server();
    const queue = new UploadQueue(server);
    queue.add(Array.from({ length: 20 }, (_, i) => instance(i)));
    queue.start();
    await until(() => queue.snapshot().stored > 2);
    queue.pause();
    await vi.advanceTimersByTimeAsync(1000);
    const before = server.requests.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.requests).toHaveLength(before);
    expect(queue.snapshot().items.some((item) => item.state === 'sending')).toBe(false);
    queue.resume();
    await until(() => queue.snapshot().state === 'done');
    expect(server.stored.size).toBe(20);
  });

  it('skips what an earlier upload has stored, unless the service does not have it', async () => {
    const server = new Server();
    server.stored.add('1.1').add('1.2');
    const queue = new UploadQueue(server);
    queue.add([instance(1), instance(2), instance(3), instance(1, '7')], ({ header }) => header.sopInstanceUid !== '1.3');
    queue.start();
    await until(() => queue.snapshot().state === 'done');
    expect(server.requests.flat().sort()).toEqual(['1.3', '7.1']);
    expect(server.completed.sort()).toEqual(['1', '7']);
  });
});

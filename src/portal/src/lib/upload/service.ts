import type { CallResult, SendResult, StoredStudy, UploadService } from './queue';
import { contentType, multipart, newBoundary, readAnswer } from './stow';
import type { FoundInstance } from './scan';

// Nothing has moved for this long: the line is dead, although nobody has said so.
const STALL_MS = 60_000;
const ANSWER_MS = 180_000;

/** The service over HTTP: STOW-RS by XMLHttpRequest, which alone tells how much has been sent. */
export function httpUploadService(tenant: string): UploadService {
  const root = `/t/${encodeURIComponent(tenant)}`;
  return {
    send: (files, onSent, signal) => send(`${root}/dicomweb/studies`, files, onSent, signal),
    async find(studyUid, signal) {
      const result = await call('GET', `${root}/studies/${encodeURIComponent(studyUid)}`, signal);
      if (result.kind !== 'done') {
        return result;
      }
      const { studyInstanceUid, patientPseudonym } = result.value as StoredStudy;
      return { kind: 'done', value: { studyInstanceUid, patientPseudonym } };
    },
    async complete(studyUid, signal) {
      const result = await call('POST', `${root}/studies/${encodeURIComponent(studyUid)}/complete`, signal);
      return result.kind === 'done' ? { kind: 'done', value: null } : result;
    },
  };
}

async function send(
  url: string,
  files: readonly FoundInstance[],
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<SendResult> {
  const parts: Blob[] = [];
  for (const [index, { file }] of files.entries()) {
    try {
      const blob = await file.blob();
      // A file that has gone or changed only says so when it is read.
      await blob.slice(0, 1).arrayBuffer();
      parts.push(blob);
    } catch {
      return { kind: 'unreadable', index };
    }
  }
  if (signal.aborted) {
    return { kind: 'aborted' };
  }
  const boundary = newBoundary();
  const body = multipart(parts, boundary);
  const overhead = body.size - parts.reduce((sum, part) => sum + part.size, 0);

  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const watch = (milliseconds: number) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => {
        request.abort();
      }, milliseconds);
    };
    const onAbort = () => {
      request.abort();
    };
    const end = (result: SendResult) => {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    request.upload.onprogress = (event) => {
      onSent(Math.max(0, event.loaded - overhead));
      watch(event.loaded < event.total ? STALL_MS : ANSWER_MS);
    };
    request.onload = () => {
      end(read(request, files));
    };
    request.onerror = () => {
      end({ kind: 'later', why: 'offline', afterSeconds: null });
    };
    request.onabort = () => {
      end(signal.aborted ? { kind: 'aborted' } : { kind: 'later', why: 'offline', afterSeconds: null });
    };
    signal.addEventListener('abort', onAbort);
    request.open('POST', url);
    request.setRequestHeader('Content-Type', contentType(boundary));
    request.setRequestHeader('Accept', 'application/dicom+json');
    watch(STALL_MS);
    request.send(body);
  });
}

function read(request: XMLHttpRequest, files: readonly FoundInstance[]): SendResult {
  const { status } = request;
  if (status === 200 || status === 202 || status === 409) {
    const answer = parse(request.responseText);
    if (answer !== null && request.getResponseHeader('Content-Type')?.includes('dicom+json')) {
      return {
        kind: 'answered',
        outcomes: readAnswer(
          answer,
          files.map((file) => file.header.sopInstanceUid),
        ),
      };
    }
    // Not this service's answer: a proxy's page, perhaps.
    return { kind: 'later', why: 'server', afterSeconds: null };
  }
  const trouble = troubleOf(status, request.getResponseHeader('Retry-After'));
  if (trouble !== null) {
    return trouble;
  }
  if (status === 413) {
    return { kind: 'too-large' };
  }
  const problem = parse(request.responseText) as { detail?: string; title?: string } | null;
  return { kind: 'bad-request', detail: problem?.detail ?? problem?.title ?? `HTTP ${String(status)}` };
}

async function call(method: string, url: string, signal: AbortSignal): Promise<CallResult<unknown>> {
  let answer: Response;
  try {
    answer = await fetch(url, { method, signal, headers: { Accept: 'application/json' } });
    const trouble = troubleOf(answer.status, answer.headers.get('Retry-After'));
    if (trouble !== null) {
      return trouble;
    }
    if (answer.status === 404) {
      return { kind: 'missing' };
    }
    if (!answer.ok) {
      return { kind: 'later', why: 'server', afterSeconds: null };
    }
    return { kind: 'done', value: await answer.json() };
  } catch {
    return signal.aborted ? { kind: 'aborted' } : { kind: 'later', why: 'offline', afterSeconds: null };
  }
}

function troubleOf(status: number, retryAfter: string | null): Extract<SendResult, { kind: 'later' | 'stopped' }> | null {
  const seconds = retryAfter === null ? NaN : Number.parseInt(retryAfter, 10);
  const afterSeconds = Number.isNaN(seconds) ? null : seconds;
  if (status === 401) {
    return { kind: 'stopped', why: 'signed-out' };
  }
  if (status === 403) {
    return { kind: 'stopped', why: 'forbidden' };
  }
  if (status === 408 || status === 429 || status === 503) {
    return { kind: 'later', why: 'busy', afterSeconds };
  }
  if (status === 507) {
    return { kind: 'later', why: 'full', afterSeconds: afterSeconds ?? 10 };
  }
  if (status === 0 || status === 502 || status === 504) {
    return { kind: 'later', why: 'offline', afterSeconds };
  }
  return status >= 500 ? { kind: 'later', why: 'server', afterSeconds } : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

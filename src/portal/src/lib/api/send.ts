import { reportAnswer, reportNoAnswer } from '@/lib/connection';
import { ApiProblem, Unreachable } from './problem';

interface Sent {
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** Bytes that have gone, of `body`. */
  onSent: (bytes: number) => void;
}

/**
 * Posts a file, told how far it is. Throws {@link Unreachable} when no answer came or the signal stopped it, {@link ApiProblem} for an
 * answer that says no.
 */
export function send<Answer>(address: string, body: Blob, { headers = {}, signal, onSent }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    request.onloadend = () => signal.removeEventListener('abort', stop);
    request.upload.onprogress = event => onSent(event.loaded);
    request.onerror = () => {
      reportNoAnswer();
      reject(new Unreachable());
    };
    request.onabort = () => reject(new Unreachable());
    request.onload = () => {
      reportAnswer(request.status);
      const answer = new Response(request.responseText, {
        status: request.status,
        statusText: request.statusText,
        headers: { 'content-type': request.getResponseHeader('content-type') ?? '' },
      });
      (answer.ok ? answer.json() as Promise<Answer> : ApiProblem.read(answer).then(problem => Promise.reject(problem))).then(resolve, reject);
    };
    request.open('POST', address);
    request.setRequestHeader('Accept', 'application/json');
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, value);
    }
    request.send(body);
  });
}

import { reportAnswer, reportNoAnswer } from '@/lib/connection';
import { ApiProblem, Unreachable } from './problem';
import type { components, paths } from './schema';

/** The API's schemas by name, as in docs/openapi.json. */
export type Schemas = components['schemas'];

type Method = 'get' | 'post' | 'put' | 'delete';
type PathsOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never }[keyof paths];
type Names<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type PathValues<P extends string> = [Names<P>] extends [never] ? { path?: never } : { path: Record<Names<P>, string> };
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? ([Q] extends [never] ? undefined : Exclude<Q, undefined>) : undefined;
type BodyOf<O> = O extends { requestBody?: { content: { 'application/json': infer B } } } ? B : undefined;
type AnswerOf<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 | 202 ? (R[S] extends { content: { 'application/json': infer B } } ? B : undefined) : never }[keyof R]
  : never;
type OperationOf<P extends keyof paths, M extends Method> = paths[P][M];
type Call<P extends keyof paths, M extends Method> = PathValues<P> & {
  query?: QueryOf<OperationOf<P, M>>;
  body?: BodyOf<OperationOf<P, M>>;
  signal?: AbortSignal;
};

const signedOut = new Set<() => void>();

/** Calls back when the API no longer knows this browser's session. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

/** Puts encoded values in the place of a path's {names}. */
export function fillPath<P extends string>(pattern: P, values: Partial<Record<Names<P>, string>> = {}): string {
  const all = values as Record<string, string | undefined>;
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = all[name];
    if (value === undefined) {
      throw new Error(`${pattern} needs ${name}`);
    }
    return encodeURIComponent(value);
  });
}

/**
 * Fetches an address of the API with the session's cookie. Throws {@link Unreachable} when no answer came, {@link ApiProblem} for an
 * answer that says no; a 401 also reports the session's end.
 */
export async function apiFetch(address: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (init.signal?.aborted) {
      throw cause;
    }
    reportNoAnswer();
    throw new Unreachable(cause);
  }
  reportAnswer(response.status);
  if (response.ok) {
    return response;
  }
  const problem = await ApiProblem.read(response);
  if (problem.status === 401 && address !== '/session') {
    signedOut.forEach(listener => listener());
  }
  throw problem;
}

async function call<P extends keyof paths, M extends Method>(method: M, pattern: P, options: Call<P, M>): Promise<AnswerOf<OperationOf<P, M>>> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((options.query ?? {}) as Record<string, string | number | null | undefined>)) {
    if (value !== undefined && value !== null) {
      query.set(name, String(value));
    }
  }
  const address = fillPath(pattern, options.path as Partial<Record<Names<P>, string>> | undefined) + (query.size > 0 ? `?${query.toString()}` : '');
  const response = await apiFetch(address, {
    method: method.toUpperCase(),
    headers: { accept: 'application/json', ...(options.body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return (isJson ? await response.json() : undefined) as AnswerOf<OperationOf<P, M>>;
}

/** The API, typed by its own document: `api.get('/t/{tenant}/studies', { path: { tenant }, query: { limit: 50 } })`. */
export const api = {
  get: <P extends PathsOf<'get'>>(path: P, options: Call<P, 'get'>) => call('get', path, options),
  post: <P extends PathsOf<'post'>>(path: P, options: Call<P, 'post'>) => call('post', path, options),
  put: <P extends PathsOf<'put'>>(path: P, options: Call<P, 'put'>) => call('put', path, options),
  delete: <P extends PathsOf<'delete'>>(path: P, options: Call<P, 'delete'>) => call('delete', path, options),
};

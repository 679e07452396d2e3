import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiProblem, fillPath, onSignedOut, Unreachable } from './index';

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, body: unknown, type = 'application/json') => {
  const fetched = vi.fn(() => Promise.resolve(new Response(body === null ? null : JSON.stringify(body), { status, headers: { 'content-type': type } })));
  vi.stubGlobal('fetch', fetched);
  return fetched;
};

test('values in a path are encoded', () => expect(fillPath('/t/{tenant}/studies/{uid}', { tenant: 'a', uid: '../b?' })).toBe('/t/a/studies/..%2Fb%3F'));

test('only what is given becomes the query', async () => {
  const fetched = answer(200, { studies: [] });
  expect(await api.get('/t/{tenant}/studies', { path: { tenant: 'a' }, query: { limit: 5 } })).toEqual({ studies: [] });
  expect(fetched).toHaveBeenCalledWith('/t/a/studies?limit=5', expect.objectContaining({ method: 'GET', credentials: 'same-origin' }));
});

test('a problem is thrown with its sentence', async () => {
  answer(409, { status: 409, title: 'Conflict', detail: 'Why.', traceId: 't' }, 'application/problem+json');
  await expect(api.get('/session', {})).rejects.toEqual(new ApiProblem(409, 'Conflict', 'Why.', 't'));
});

test('a 401 tells that the session has ended; asking who is signed in does not', async () => {
  answer(401, { status: 401 }, 'application/problem+json');
  const ended = vi.fn();
  const off = onSignedOut(ended);
  await expect(api.get('/session', {})).rejects.toBeInstanceOf(ApiProblem);
  expect(ended).not.toHaveBeenCalled();
  await expect(api.get('/t/{tenant}/studies', { path: { tenant: 'a' } })).rejects.toBeInstanceOf(ApiProblem);
  expect(ended).toHaveBeenCalledOnce();
  off();
});

test('no answer is Unreachable', async () => {
  vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('Failed to fetch'))));
  await expect(api.get('/session', {})).rejects.toBeInstanceOf(Unreachable);
});

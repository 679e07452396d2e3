import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { keyOf, UploadMemory } from './memory';

const item = (n: number) => ({ path: `folder/${n}`, size: 100 + n, modified: 5, sopInstanceUid: `1.${n}`, isStored: false });

it('remembers an unfinished upload until it is forgotten', async () => {
  const memory = await UploadMemory.open();
  expect(memory).not.toBeNull();
  const id = (await memory?.begin('a', [item(1), item(2), item(3)], [])) ?? 0;
  await memory?.begin('b', [item(4)], []);
  await memory?.stored(id, [item(2)]);

  expect(await memory?.unfinished('a')).toMatchObject([{ id, total: 3, stored: 1, missing: ['folder/1', 'folder/3'] }]);
  expect(await memory?.storedKeys('a')).toEqual(new Set([keyOf(item(2))]));
  expect(await memory?.storedKeys('b')).toEqual(new Set());

  await memory?.forget(id);
  expect(await memory?.unfinished('a')).toEqual([]);
  expect(await memory?.unfinished('b')).toHaveLength(1);
});

import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openZip, ZipError, type ZipProblem } from './zip';

interface Entry {
  readonly name: string | Uint8Array;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly declared?: number;
  readonly zip64?: boolean;
}

const text = (content: string) => new TextEncoder().encode(content);

/** An archive byte by byte, so that it can be wrong. */
function archive(entries: readonly Entry[], count = entries.length): Blob {
  const parts: BlobPart[] = [];
  const central: BlobPart[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = typeof entry.name === 'string' ? text(entry.name) : Uint8Array.from(entry.name);
    const method = entry.method ?? 8;
    const packed = Uint8Array.from(method === 8 ? deflateRawSync(entry.data) : entry.data);
    const size = entry.declared ?? entry.data.length;
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint16(26, name.length, true);
    const extra = new DataView(new ArrayBuffer(entry.zip64 ? 28 : 0));
    if (entry.zip64) {
      extra.setUint16(0, 1, true);
      extra.setUint16(2, 24, true);
      extra.setBigUint64(4, BigInt(size), true);
      extra.setBigUint64(12, BigInt(packed.length), true);
      extra.setBigUint64(20, BigInt(offset), true);
    }
    const record = new DataView(new ArrayBuffer(46));
    record.setUint32(0, 0x02014b50, true);
    record.setUint16(8, entry.flags ?? 0x800, true);
    record.setUint16(10, method, true);
    record.setUint32(20, entry.zip64 ? 0xffffffff : packed.length, true);
    record.setUint32(24, entry.zip64 ? 0xffffffff : size, true);
    record.setUint16(28, name.length, true);
    record.setUint16(30, extra.byteLength, true);
    record.setUint32(42, entry.zip64 ? 0xffffffff : offset, true);
    central.push(record, name, extra);
    parts.push(local, name, packed);
    offset += local.byteLength + name.length + packed.length;
  }
  const directory = new Blob(central);
  const isLarge = entries.some((entry) => entry.zip64);
  const tail: BlobPart[] = [];
  if (isLarge) {
    const end64 = new DataView(new ArrayBuffer(56));
    end64.setUint32(0, 0x06064b50, true);
    end64.setBigUint64(32, BigInt(count), true);
    end64.setBigUint64(40, BigInt(directory.size), true);
    end64.setBigUint64(48, BigInt(offset), true);
    const locator = new DataView(new ArrayBuffer(20));
    locator.setUint32(0, 0x07064b50, true);
    locator.setBigUint64(8, BigInt(offset + directory.size), true);
    tail.push(end64, locator);
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, isLarge ? 0xffff : count, true);
  end.setUint32(12, isLarge ? 0xffffffff : directory.size, true);
  end.setUint32(16, isLarge ? 0xffffffff : offset, true);
  return new Blob([...parts, directory, ...tail, end]);
}


async function problemOf(work: Promise<unknown>): Promise<ZipProblem | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof ZipError ? error.problem : undefined;
  }
}

describe('openZip', () => {
  it.each([
    ['deflated', {}],
    ['stored', { method: 0 }],
    ['zip64', { zip64: true }],
  ])('reads %s entries', async (_, kind) => {
    const entries = await openZip(archive([{ name: 'study/', data: text(''), method: 0 }, { name: 'study/1.dcm', data: text('first '.repeat(1000)), ...kind }]));
    expect(entries.map((entry) => [entry.path, entry.size])).toEqual([['study/1.dcm', 6000]]);
    expect(await (await entries[0]?.blob())?.text()).toBe('first '.repeat(1000));
    expect(await (await entries[0]?.head(5))?.text()).toBe('first');
  });

  it('reads names in the code page of Chinese Windows', async () => {
    const entries = await openZip(archive([{ name: Uint8Array.from([0xcd, 0xf5, 0x5c, 0x31]), data: text('x'), flags: 0 }]));
    expect(entries[0]?.path).toBe('王/1');
  });

  it('refuses what is over a budget or damaged', async () => {
    expect(await problemOf(openZip(new Blob(['no archive at all'])))).toBe('not-a-zip');
    expect(await problemOf(openZip(archive([{ name: 'a', data: text('x') }], 10_001)))).toBe('too-many-entries');
    const whole = archive([{ name: 'a', data: text('some content'), method: 0 }]);
    expect(await problemOf(openZip(whole.slice(0, whole.size - 30)))).toBe('cut');

    const blobOf = async (entry: Entry) => problemOf((await openZip(archive([entry])))[0]?.blob() ?? Promise.resolve());
    expect(await blobOf({ name: 'a', data: text('x'), flags: 1 })).toBe('encrypted');
    expect(await blobOf({ name: 'a', data: text('x'), method: 14 })).toBe('method');
    expect(await blobOf({ name: 'bomb', data: new Uint8Array(4 << 20) })).toBe('ratio');
    expect(await blobOf({ name: 'longer', data: text('x'.repeat(50_000)), declared: 100 })).toBe('damaged');
    expect(await blobOf({ name: 'shorter', data: text('x'), declared: 100 })).toBe('damaged');
  });
});

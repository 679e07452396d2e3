import { describe, expect, it } from 'vitest';
import { Syntax } from '@/lib/dicom/tags';
import { dataset, instance, part10 } from '@/lib/dicom/testing';
import type { FoundFile } from './files';
import { scan } from './scan';
import { summarize } from './summary';

function file(path: string, content: BlobPart): FoundFile {
  const blob = new Blob([content]);
  return { path, size: blob.size, modified: 1, head: (length) => Promise.resolve(blob.slice(0, length)), blob: () => Promise.resolve(blob) };
}

async function* each(files: readonly FoundFile[]): AsyncGenerator<FoundFile> {
  for (const one of files) {
    yield await Promise.resolve(one);
  }
}

const ct = (n: number, series = '1.2.3.1') =>
  part10(Syntax.ExplicitLittleEndian, dataset(instance({ 0x00080018: `1.2.3.4.${n}`, 0x0020000e: series })));

describe('scan', () => {
  it('finds instances, says what is none, and what a DICOMDIR misses', async () => {
    const directory = part10(
      Syntax.ExplicitLittleEndian,
      dataset([[0x00041220, 'SQ', [[[0x00041500, 'CS', 'IM1']], [[0x00041500, 'CS', 'IM2']], [[0x00041500, 'CS', 'IM9']]]]]),
      '1.2.840.10008.1.3.10',
    );
    const result = await scan(
      each([
        file('cd/DICOMDIR', directory),
        file('cd/IM1', ct(1)),
        file('cd/im2.', ct(2, '1.2.3.2')),
        file('cd/letter.txt', 'Dear colleague'),
        file('cd/.DS_Store', 'x'),
      ]),
      () => undefined,
      new AbortController().signal,
    );
    expect(result.instances.map((one) => one.file.path)).toEqual(['cd/IM1', 'cd/im2.']);
    expect(result.skipped).toEqual([{ path: 'cd/letter.txt', size: 14, why: 'not-dicom' }]);
    expect(result.missing).toEqual(['IM9']);
    expect(summarize(result.instances)).toMatchObject({ patients: 1, series: 2, instances: 2, studies: [{ patient: { name: '王^小东' }, instances: 2 }] });
  });

  it('does not open an archive in an archive, and survives one that is broken', async () => {
    const broken = Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0]);
    const result = await scan(each([file('a.zip', broken), file('1', ct(1))]), () => undefined, new AbortController().signal);
    expect(result.instances).toHaveLength(1);
    expect(result.skipped).toEqual([{ path: 'a.zip', size: 8, why: 'zip-cut' }]);
  });
});

import { describe, expect, it } from 'vitest';
import { inspect } from './header';
import { Syntax } from './tags';
import { dataset, instance, part10, type Items } from './testing';

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const blob = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)]);
const expected = { kind: 'instance', sopInstanceUid: '1.2.3.4', studyInstanceUid: '1.2.3', seriesInstanceUid: '1.2.3.1', patientName: '王^小东', modality: 'CT', seriesNumber: 2 };

describe('inspect', () => {
  it.each([
    ['explicit little endian', Syntax.ExplicitLittleEndian, { isExplicit: true }],
    ['implicit little endian', Syntax.ImplicitLittleEndian, { isExplicit: false }],
    ['explicit big endian', Syntax.ExplicitBigEndian, { isLittleEndian: false }],
    ['undefined lengths', Syntax.ExplicitLittleEndian, { undefinedLengths: true }],
    ['undefined lengths in implicit VR', Syntax.ImplicitLittleEndian, { isExplicit: false, undefinedLengths: true }],
    ['explicit VR where implicit is declared', Syntax.ImplicitLittleEndian, { isExplicit: true }],
    ['implicit VR where explicit is declared', Syntax.ExplicitLittleEndian, { isExplicit: false }],
  ])('reads %s', async (_, syntax, writing) => {
    expect(await inspect(blob(part10(syntax, dataset(instance(), writing))))).toMatchObject({ ...expected, transferSyntaxUid: syntax });
  });

  it('inflates a deflated data set', async () => {
    const body = await deflate(dataset(instance()));
    expect(await inspect(blob(part10(Syntax.DeflatedExplicitLittleEndian, body)))).toMatchObject(expected);
  });

  it('inflates the start of one that is cut', async () => {
    const noise = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 2654435761) >>> 24);
    const body = await deflate(dataset(instance({ 0x7fe00010: noise })));
    const file = part10(Syntax.DeflatedExplicitLittleEndian, body);
    expect(await inspect(blob(file.subarray(0, file.length >> 1)))).toMatchObject(expected);
  });

  it('reads a data set without preamble and meta header', async () => {
    expect(await inspect(blob(dataset(instance(), { isExplicit: false })))).toMatchObject(expected);
    expect(await inspect(blob(dataset(instance())))).toMatchObject(expected);
  });

  it('jumps over long values without reading them', async () => {
    const elements: Items = instance();
    const long: Items = [...elements.slice(0, 7), [0x00091010, 'OB', new Uint8Array(300_000)], ...elements.slice(7)];
    expect(await inspect(blob(part10(Syntax.ExplicitLittleEndian, dataset(long))))).toMatchObject(expected);
  });

  it('says why a file is no instance', async () => {
    expect(await inspect(new Blob([]))).toEqual({ kind: 'none', why: 'empty' });
    expect(await inspect(new Blob(['Dear colleague, '.repeat(40)]))).toEqual({ kind: 'none', why: 'not-dicom' });
    expect(await inspect(new Blob(['MZ']))).toEqual({ kind: 'none', why: 'not-dicom' });
    const file = part10(Syntax.ExplicitLittleEndian, dataset(instance()));
    expect(await inspect(blob(file.subarray(0, 150)))).toEqual({ kind: 'none', why: 'cut' });
    expect(await inspect(blob(file.subarray(0, 260)))).toEqual({ kind: 'none', why: 'cut' });
    const nameless = part10(Syntax.ExplicitLittleEndian, dataset(instance({ 0x0020000d: '' })));
    expect(await inspect(blob(nameless))).toEqual({ kind: 'none', why: 'no-uids' });
  });

  it('still sends an instance that is cut in its pixels: the service says what is wrong with it', async () => {
    const file = part10(Syntax.ExplicitLittleEndian, dataset(instance()));
    expect(await inspect(blob(file.subarray(0, file.length - 20)))).toMatchObject(expected);
  });

  it('lists the files of a DICOMDIR', async () => {
    const directory: Items = [
      [0x00041130, 'CS', 'DISC'],
      [0x00041220, 'SQ', [[[0x00041430, 'CS', 'PATIENT']], [[0x00041430, 'CS', 'IMAGE'], [0x00041500, 'CS', 'DICOM\\IM000001']]]],
    ];
    for (const undefinedLengths of [false, true]) {
      const file = part10(Syntax.ExplicitLittleEndian, dataset(directory, { undefinedLengths }), '1.2.840.10008.1.3.10');
      expect(await inspect(blob(file))).toEqual({ kind: 'directory', files: ['DICOM/IM000001'] });
    }
  });

  it('ends on any bytes', async () => {
    const good = part10(Syntax.ExplicitLittleEndian, dataset(instance(), { undefinedLengths: true }));
    let seed = 1;
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
    for (let round = 0; round < 400; round++) {
      const bytes = good.slice(0, 132 + (random() % (good.length - 132)));
      for (let flips = random() % 8; flips >= 0; flips--) {
        bytes[132 + (random() % (bytes.length - 132 || 1))] = random() >>> 24;
      }
      expect(['instance', 'directory', 'none']).toContain((await inspect(blob(bytes))).kind);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { multipart, readAnswer } from './stow';

const failed = (uid: string, code: number, comment: string) => ({
  '00000902': { vr: 'LO', Value: [comment] },
  '00081155': { vr: 'UI', Value: [uid] },
  '00081197': { vr: 'US', Value: [code] },
});
const stored = (uid: string, received?: string) => ({
  '00081155': { vr: 'UI', Value: [uid] },
  ...(received && { '04000561': { vr: 'SQ', Value: [{ '04000550': { vr: 'SQ', Value: [{ '00080018': { vr: 'UI', Value: [received] } }] } }] } }),
});

describe('readAnswer', () => {
  it('pairs each instance with its outcome, also under another UID', () => {
    const answer = {
      '00081198': { vr: 'SQ', Value: [failed('1.2', 0x0111, 'Other bytes')] },
      '00081199': { vr: 'SQ', Value: [stored('2.25.7', '1.1'), stored('1.4')] },
      '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0xc000] } }] },
    };
    expect(readAnswer(answer, ['1.1', '1.2', '1.3', '1.4'])).toEqual([
      { kind: 'stored' },
      { kind: 'refused', code: 0x0111, comment: 'Other bytes' },
      { kind: 'refused', code: 0xc000, comment: '' },
      { kind: 'stored' },
    ]);
  });

  it('leaves open what the answer does not speak of', () => {
    expect(readAnswer({ '00081199': { Value: [stored('1')] } }, ['1', '2'])).toEqual([{ kind: 'stored' }, { kind: 'unknown' }]);
    expect(readAnswer('an error page', ['1'])).toEqual([{ kind: 'unknown' }]);
    expect(readAnswer({ '00081199': { Value: ['nonsense', null] } }, ['1'])).toEqual([{ kind: 'unknown' }]);
  });
});

describe('multipart', () => {
  it('frames the parts as RFC 2046 says', async () => {
    expect(await multipart([new Blob(['one']), new Blob(['two'])], 'B').text()).toBe(
      '--B\r\nContent-Type: application/dicom\r\n\r\none\r\n--B\r\nContent-Type: application/dicom\r\n\r\ntwo\r\n--B--\r\n',
    );
  });
});

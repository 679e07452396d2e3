import { expect, test } from 'vitest';
import { formatFor } from './format';

const en = formatFor('en');
const zh = formatFor('zh-CN');
const now = Date.parse('2026-11-22T12:00:00Z');

test('near times are words', () => {
  expect(en.ago('2026-11-22T11:59:50Z', now)).toBe('now');
  expect(en.ago('2026-11-22T11:57:00Z', now)).toBe('3 min. ago');
  expect(zh.ago('2026-11-22T09:00:00Z', now)).toBe('3小时前');
});

test('a clock that is ahead does not put an arrival into the future', () => expect(en.ago('2026-11-22T12:05:00Z', now)).toBe('now'));

test('sizes grow in steps of a thousand', () => {
  expect([0, 999, 1500, 52_300_000, 3_000_000_000].map(en.bytes)).toEqual(['0 byte', '999 byte', '1.5 kB', '52.3 MB', '3 GB']);
});

test('durations say two units at most', () => expect([4, 90, 3900].map(en.duration)).toEqual(['4 sec', '2 min', '1 hr 5 min']));

test('a DICOM date is a day anywhere, and stays as it is where it is none', () => {
  expect(en.dicomDate('19700102')).toBe('Jan 2, 1970');
  expect(en.dicomDate('1970')).toBe('1970');
});

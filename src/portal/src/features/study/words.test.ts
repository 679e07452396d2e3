import { expect, it } from 'vitest';
import { formatFor } from '@/lib/format';
import { measured } from './words';

it('writes a measurement with the sign of its unit', () => {
  const ucum = (value: string) => ({ value, scheme: 'UCUM', meaning: 'long name' });
  const format = formatFor('en');
  expect(measured(format, 3815.4, ucum('mm3'))).toBe('3,815\u00a0mm³ (3.8\u00a0mL)');
  expect(measured(format, 12.34, ucum('mm'))).toBe('12.3\u00a0mm');
  expect(measured(format, 9.64, ucum('mm'))).toBe('9.6\u00a0mm');
  expect(measured(format, 1.234, ucum('mm2'))).toBe('1.23\u00a0mm²');
  expect(measured(format, -120, ucum("[hnsf'U]"))).toBe('-120\u00a0HU');
  expect(measured(format, 40, ucum('%'))).toBe('40%');
  expect(measured(format, 7, ucum('furlong'))).toBe('7\u00a0furlong');
  expect(measured(format, 7, { value: 'x', scheme: '99LOCAL', meaning: 'units' })).toBe('7\u00a0units');
});

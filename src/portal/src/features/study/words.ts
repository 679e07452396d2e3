import type { TFunction } from 'i18next';
import type { Format } from '@/lib/format';
import type { Schemas } from '@/lib/api';

type Code = Schemas['Code'];
type T = TFunction<'study'>;

/** The person's word for a code; where there is none, the code's own English meaning. */
export function wordOf(t: T, code: Code): { text: string; lang?: string } {
  const key = `concept.${code.scheme}-${code.value}`;
  const text = t(key as 'title', { defaultValue: '' });
  return text === '' ? { text: code.meaning, lang: 'en' } : { text };
}

/** A sentence for a reason code; null where this portal knows none, and the API's own sentence must do. */
export function sentenceOf(t: T, group: 'noAi' | 'runReason', code: string | null): string | null {
  const text = code === null ? '' : t(`${group}.${code}` as 'title', { defaultValue: '' });
  return text === '' ? null : text;
}

/** Why an image may show who the patient is; a code that this portal does not know stands for itself. */
export function suspicionOf(t: T, code: string): string {
  return t(`held.code.${code}` as 'title', { defaultValue: code });
}

const signs: Readonly<Record<string, string>> = {
  'mm': 'mm', 'mm2': 'mm²', 'mm3': 'mm³', 'cm': 'cm', 'cm2': 'cm²', 'cm3': 'cm³', 'mL': 'mL', 'ml': 'mL', '%': '%', '[hnsf\'U]': 'HU', '1': '', '{ratio}': '', 'kg': 'kg', 'deg': '°',
};

/** A value with its UCUM unit, as the language writes numbers; lengths to a tenth, so that those of a list compare; large volumes in millilitres as well. */
export function measured(format: Format, value: number, unit: Code): string {
  const sign = unit.scheme === 'UCUM' ? signs[unit.value] ?? unit.value : unit.meaning;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 || unit.value === 'mm' ? 1 : 2;
  const text = `${format.number(value, digits)}${sign === '%' || sign === '°' || sign === '' ? '' : '\u00a0'}${sign}`;
  return unit.value === 'mm3' && Math.abs(value) >= 1000 ? `${text} (${format.number(value / 1000, 1)}\u00a0mL)` : text;
}

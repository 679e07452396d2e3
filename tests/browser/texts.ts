import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];

/** The portal's own texts, so that a page object finds what a person of that language reads. */
export function textsOf(language: Language): (key: string) => string {
  const files = new Map<string, unknown>();
  const source = join(__dirname, '../../src/portal/src');
  return key => {
    const [namespace = '', path = ''] = key.split(':');
    const folder = namespace === 'app' || namespace === 'ui' ? namespace : `features/${namespace}`;
    const file = files.get(folder) ?? JSON.parse(readFileSync(join(source, folder, `${language}.json`), 'utf8'));
    files.set(folder, file);
    const text = path.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], file);
    if (typeof text !== 'string') {
      throw new Error(`No text ${key} in ${language}.`);
    }
    return text;
  };
}

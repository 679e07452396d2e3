import type { LoadTexts } from '@/lib/i18n';

/** Every `<language>.json` stands beside the code that shows it; its namespace is the name of its folder. Each is a file of its own. */
const files = import.meta.glob<Record<string, unknown>>(
  ['/src/app/*.json', '/src/ui/*.json', '/src/features/*/*.json'], { import: 'default' });

export const loadTexts: LoadTexts = (language, namespace) => {
  const load = [`/src/${namespace}/`, `/src/features/${namespace}/`].map(folder => files[`${folder}${language}.json`]).find(Boolean);
  if (!load) {
    throw new Error(`${namespace} has no texts in ${language}`);
  }
  return load();
};

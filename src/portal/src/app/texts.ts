import type { Language, Texts } from '@/lib/i18n';

/** Every `<language>.json` beside the code that shows it; its namespace is the name of its folder. One file a language is loaded. */
const loaders: Record<Language, () => Promise<{ files: Record<string, Record<string, unknown>> }>> = {
  'en': () => import('./texts.en'),
  'zh-CN': () => import('./texts.zh-CN'),
};

export async function loadTexts(language: Language): Promise<Texts> {
  const { files } = await loaders[language]();
  return Object.fromEntries(Object.entries(files).map(([path, texts]) => [path.split('/').at(-2) ?? '', texts]));
}

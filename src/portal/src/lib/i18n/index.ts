import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { readStored, writeStored } from '@/lib/stored';

export const languages = { 'en': 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof languages;

/** Namespace -> its texts, of one language. */
export type Texts = Record<string, Record<string, unknown>>;
export type LoadTexts = (language: Language) => Promise<Texts>;

const isLanguage = (name: string | null): name is Language => name !== null && name in languages;

let loadTexts: LoadTexts;

function preferred(): Language {
  const stored = readStored('language');
  if (isLanguage(stored)) {
    return stored;
  }
  return navigator.languages.some(name => name.toLowerCase().startsWith('zh')) && !navigator.languages[0]?.toLowerCase().startsWith('en') ? 'zh-CN' : 'en';
}

async function load(language: Language): Promise<void> {
  for (const [namespace, texts] of Object.entries(await loadTexts(language))) {
    i18next.addResourceBundle(language, namespace, texts, true, true);
  }
}

/** Starts with the person's language; the other one is fetched when chosen. */
export async function startI18n(loader: LoadTexts): Promise<void> {
  loadTexts = loader;
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
    returnNull: false,
  });
  await load(language);
  show(language);
}

export async function chooseLanguage(language: Language): Promise<void> {
  await load(language);
  writeStored('language', language);
  await i18next.changeLanguage(language);
  show(language);
}

function show(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = i18next.dir(language);
}

export function currentLanguage(): Language {
  return isLanguage(i18next.language) ? i18next.language : 'en';
}

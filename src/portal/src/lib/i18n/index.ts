import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { readStored, writeStored } from '@/lib/stored';

export const languages = { 'en': 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof languages;

/** Reads the texts of a namespace in a language. */
export type LoadTexts = (language: Language, namespace: string) => Promise<Record<string, unknown>>;

const isLanguage = (name: string | null): name is Language => name !== null && name in languages;

let loadTexts: LoadTexts;

function preferred(): Language {
  const stored = readStored('language');
  if (isLanguage(stored)) {
    return stored;
  }
  return navigator.languages.some(name => name.toLowerCase().startsWith('zh')) && !navigator.languages[0]?.toLowerCase().startsWith('en') ? 'zh-CN' : 'en';
}

const needed = new Set<string>();

/** Until nothing is missing: a page may be opened while the texts of others come. */
async function load(language: Language): Promise<void> {
  const missing = () => [...needed].filter(namespace => !i18next.hasResourceBundle(language, namespace));
  for (let now = missing(); now.length > 0; now = missing()) {
    await Promise.all(now.map(async namespace => i18next.addResourceBundle(language, namespace, await loadTexts(language, namespace))));
  }
}

/** Brings the texts of what is about to be shown; in a language that is chosen later, too. */
export async function needTexts(...namespaces: string[]): Promise<void> {
  namespaces.forEach(namespace => needed.add(namespace));
  let language: Language;
  do {
    language = currentLanguage();
    await load(language);
  } while (language !== currentLanguage());
}

/** Starts with the person's language; another one is fetched when chosen. */
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

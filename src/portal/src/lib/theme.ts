import { useSyncExternalStore } from 'react';
import { readStored, writeStored } from './stored';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const listeners = new Set<() => void>();
let current: Theme = themes.find(theme => theme === readStored('theme')) ?? 'system';

/** Puts the choice on the document; tokens.css follows it, or the system's preference where there is none. */
export function applyTheme(): void {
  if (current === 'system') {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = current;
  }
}

export function chooseTheme(theme: Theme): void {
  current = theme;
  writeStored('theme', theme);
  applyTheme();
  listeners.forEach(listener => listener());
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

import { useEffect } from 'react';

/** What the browser's tab says; no patient value belongs here, it stays in the browser's history. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Platform' : `${title} · Platform`;
  }, [title]);
}

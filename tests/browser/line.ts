import type { Page } from '@playwright/test';

/** The platform's answers about its work; the page's own files and who is signed in are not among them. */
const asked = /\/t\/demo\/(studies|operations|models|rules)(\?|\/|$)|:\d+\/(models|operations|tenants)(\?|\/|$)|\/health\//;

/** Holds back what the page asks until the returned function is called. */
export async function hold(page: Page): Promise<() => Promise<void>> {
  let release = () => undefined as void;
  const released = new Promise<void>(resolve => { release = resolve; });
  await page.route(asked, async route => {
    await released;
    await route.continue();
  });
  return async () => {
    release();
    await page.unrouteAll({ behavior: 'wait' });
  };
}

/** Cuts the line: nothing that the page asks is answered. */
export async function cut(page: Page): Promise<() => Promise<void>> {
  await page.route(asked, route => route.abort('connectionrefused'));
  return () => page.unrouteAll({ behavior: 'wait' });
}

/** Asks the platform something else than the page did, to see what the page makes of that answer. */
export async function askInstead(page: Page, change: (url: URL) => void): Promise<() => Promise<void>> {
  await page.route(asked, route => {
    const url = new URL(route.request().url());
    change(url);
    return route.continue({ url: url.href });
  });
  return () => page.unrouteAll({ behavior: 'wait' });
}

import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './playwright.config';

/** The page is kept as a picture, is no longer than what is on it, and axe finds nothing. */
export async function lookAt(page: Page, name: string): Promise<void> {
  const pages = join(scratch, 'pages');
  mkdirSync(pages, { recursive: true });
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.evaluate(() => window.scrollTo(0, 0)); // what the header covers is not to be looked at
  await page.screenshot({ path: join(pages, `${name}.png`), fullPage: true });
  const empty = await page.evaluate(() =>
    document.documentElement.scrollHeight - Math.max(window.innerHeight, Math.ceil(document.querySelector('#root')?.getBoundingClientRect().bottom ?? 0)));
  expect(empty, 'pixels below the content').toBeLessThanOrEqual(1);
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  expect(violations.map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(', ')}`)).toEqual([]);
}

import { expect, type Page } from '@playwright/test';

/** Where a hospital's administrator decides which models run. */
export class ModelsPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async open(): Promise<void> {
    await this.page.getByRole('link', { name: this.text('app:nav.models'), exact: true }).click();
    await expect(this.page.getByRole('heading', { level: 1, name: this.text('models:title') })).toBeVisible();
  }

  /** A version of a model of the hospital. */
  row(model: string, version: string) {
    return this.page.getByRole('row').filter({ has: this.page.getByText(model, { exact: true }) }).filter({ has: this.page.getByRole('cell', { name: version, exact: true }) });
  }

  offer(model: string, version: string) {
    return this.page.getByRole('article').filter({ hasText: model }).filter({ hasText: version });
  }

  async take(model: string, version: string): Promise<void> {
    await this.offer(model, version).getByRole('button').click();
    await expect(this.page.getByRole('dialog')).toBeVisible();
  }

  async ask(step: 'activate' | 'deactivate' | 'rollback', model: string, version: string): Promise<void> {
    await this.row(model, version).getByRole('button', { name: this.text(`models:${step}.action`) }).click();
    await expect(this.page.getByRole('dialog')).toBeVisible();
  }

  async agree(step: 'take' | 'activate' | 'deactivate' | 'rollback'): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name: this.text(`models:${step}.action`), exact: true }).click();
    await expect(this.page.getByRole('dialog')).toBeHidden();
  }

  async expectState(model: string, version: string, state: 'runs' | 'off' | 'withdrawn'): Promise<void> {
    await expect(this.row(model, version)).toContainText(this.text(`models:state.${state}`));
  }
}

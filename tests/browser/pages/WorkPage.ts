import { expect, type Page } from '@playwright/test';

/** Where the platform's operator sees the work of all hospitals, and replays what went wrong. */
export class WorkPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async open(): Promise<void> {
    await this.page.getByRole('link', { name: this.text('app:nav.work'), exact: true }).click();
    await expect(this.page.getByRole('heading', { level: 1, name: this.text('operator:work.title') })).toBeVisible();
  }

  hospital(slug: string) {
    return this.page.getByRole('table', { name: this.text('operator:troubled.caption') }).getByRole('row').filter({ has: this.page.getByText(slug, { exact: true }) });
  }

  /** Opens the runs of a hospital that went wrong. */
  async look(slug: string): Promise<void> {
    await this.hospital(slug).getByRole('button').click();
    await expect(this.runs.first()).toBeVisible();
  }

  get runs() {
    return this.page.getByRole('dialog').getByRole('table').getByRole('row').filter({ has: this.page.getByRole('cell') });
  }

  get causes() {
    return this.page.getByRole('group', { name: this.text('operator:replay.causes') }).getByRole('button');
  }

  get close() {
    return this.page.getByRole('dialog').getByRole('button', { name: this.text('operator:close'), exact: true }).last();
  }
}

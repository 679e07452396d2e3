import { expect, type Page } from '@playwright/test';

/** Where the platform's operator uploads model packages and decides about them. */
export class PackagesPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async choose(zip: string, signature?: string): Promise<void> {
    await this.page.getByLabel(this.text('operator:upload.zip'), { exact: true }).setInputFiles(zip);
    if (signature !== undefined) {
      await this.page.getByLabel(this.text('operator:upload.signature'), { exact: true }).setInputFiles(signature);
    }
  }

  get upload() {
    return this.page.getByRole('button', { name: this.text('operator:upload.action'), exact: true });
  }

  row(version: string) {
    return this.page.getByRole('row').filter({ has: this.page.getByRole('cell', { name: version, exact: true }) });
  }

  /** Opens the question; `agree` answers it. */
  async ask(step: 'approve' | 'withdraw', version: string): Promise<void> {
    await this.row(version).getByRole('button', { name: this.text(`operator:${step}.action`) }).click();
    await expect(this.page.getByRole('dialog')).toBeVisible();
  }

  async agree(step: 'approve' | 'withdraw', version: string): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name: this.text(`operator:${step}.action`), exact: true }).click();
    await expect(this.row(version)).toContainText(this.text(`operator:status.${step === 'approve' ? 'Approved' : 'Withdrawn'}`));
  }
}

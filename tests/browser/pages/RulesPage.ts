import { expect, type Page } from '@playwright/test';

/** Where a hospital's administrator says what starts which model. */
export class RulesPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async open(): Promise<void> {
    await this.page.getByRole('link', { name: this.text('app:nav.rules'), exact: true }).click();
    await expect(this.page.getByRole('heading', { level: 1, name: this.text('rules:title') })).toBeVisible();
  }

  row(rule: string) {
    return this.page.getByRole('table', { name: this.text('rules:caption'), exact: true }).getByRole('row').filter({ has: this.page.getByText(rule, { exact: true }) });
  }

  async edit(rule: string): Promise<void> {
    await this.row(rule).getByRole('button').first().click();
    await expect(this.field('name')).toHaveValue(rule);
  }

  field(name: string) {
    return this.page.getByLabel(this.text(`rules:field.${name}`), { exact: true });
  }

  async add(): Promise<void> {
    await this.page.getByRole('button', { name: this.text('rules:add'), exact: true }).click();
    await expect(this.field('name')).toBeVisible();
  }

  /** The option of a select whose text begins so. */
  async select(field: string, beginning: string): Promise<void> {
    const value = await this.field(field).locator('option').filter({ hasText: beginning }).first().getAttribute('value');
    await this.field(field).selectOption(value);
  }

  get dryRun() {
    return this.page.getByRole('button', { name: this.text('rules:dryRun.action'), exact: true });
  }

  get result() {
    return this.page.getByRole('table', { name: this.text('rules:dryRun.caption') });
  }

  /** The field of a label's threshold. */
  threshold(label: string) {
    return this.page.getByLabel(label, { exact: true });
  }

  get save() {
    return this.page.getByRole('button', { name: this.text('rules:save'), exact: true });
  }

  get back() {
    return this.page.getByRole('button', { name: this.text('rules:back'), exact: true });
  }
}

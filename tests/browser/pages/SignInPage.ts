import type { Page } from '@playwright/test';
import type { Language } from '../texts';

export class SignInPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async open(language: Language): Promise<void> {
    await this.page.goto('/portal/sign-in');
    await this.page.locator(`button[lang="${language}"]`).click();
    await this.page.getByRole('button', { name: this.text('session:submit'), exact: true }).waitFor();
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.page.getByLabel(this.text('session:email')).fill(email);
    await this.page.getByLabel(this.text('session:password')).fill(password);
    await this.page.getByRole('button', { name: this.text('session:submit'), exact: true }).click();
  }

  get refusal() {
    return this.page.getByText(this.text('session:refused'));
  }
}

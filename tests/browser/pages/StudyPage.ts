import { expect, type Locator, type Page } from '@playwright/test';

export class StudyPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  get head() {
    return this.page.getByRole('region', { name: this.text('study:head.label') });
  }

  get ai() {
    return this.page.getByRole('region', { name: this.text('study:runs.label'), exact: true });
  }

  get findings() {
    return this.ai.locator('button[aria-pressed]');
  }

  /** The finding that measures most in millimetres, and how many those are. */
  async widest(): Promise<{ finding: Locator; mm: number }> {
    const mm = (await this.findings.allInnerTexts()).map(text => Number(/([\d.]+)\s*mm(?![²³])/.exec(text)?.[1] ?? 0));
    const most = Math.max(...mm);
    return { finding: this.findings.nth(mm.indexOf(most)), mm: most };
  }

  /** Red, green and blue of a finding's outline. */
  async colourOf(finding: Locator): Promise<[number, number, number]> {
    const colour = await finding.evaluate(button => [...button.querySelectorAll('*')]
      .map(part => getComputedStyle(part).backgroundColor)
      .find(value => !/^rgba\(.*, 0\)$|^transparent$/.test(value)));
    const [r = 0, g = 0, b = 0] = (colour?.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b];
  }

  get stage() {
    return this.page.locator('[data-index]');
  }

  async expectFullImage(): Promise<void> {
    await expect(this.stage).toHaveAttribute('data-quality', 'full', { timeout: 40_000 });
  }

  async index(): Promise<number> {
    return Number(await this.stage.getAttribute('data-index'));
  }

  /** How many pixels of the image are painted in about this colour. */
  async painted(colour: readonly [number, number, number]): Promise<number> {
    return this.stage.locator('canvas').evaluate((canvas, [r, g, b]) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? { data: new Uint8ClampedArray() };
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        count += Math.abs((data[i] ?? 0) - r) + Math.abs((data[i + 1] ?? 0) - g) + Math.abs((data[i + 2] ?? 0) - b) < 40 ? 1 : 0;
      }
      return count;
    }, colour);
  }
}

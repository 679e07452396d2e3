import { expect, type Page } from '@playwright/test';

export class UploadPage {
  constructor(private readonly page: Page, private readonly text: (key: string) => string) {}

  async open(tenant: string): Promise<void> {
    await this.page.goto(`/portal/${tenant}/upload`);
    await this.page.getByRole('heading', { name: this.text('upload:title'), exact: true }).waitFor();
  }

  /** Drops files and folders of this machine on the page, as a person does with the mouse. */
  async drop(...paths: string[]): Promise<void> {
    const box = await this.page.getByRole('region', { name: this.text('upload:zone.label') }).boundingBox();
    const at = { x: (box?.x ?? 0) + 60, y: (box?.y ?? 0) + 30 };
    const session = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files: paths, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await session.send('Input.dispatchDragEvent', { type, ...at, data });
    }
    await session.detach();
  }

  get found() {
    return this.page.getByRole('region', { name: this.text('upload:found.label') });
  }

  get send() {
    return this.found.locator('button').last();
  }

  get sending() {
    return this.page.getByRole('region', { name: this.text('upload:sending.label'), exact: true });
  }

  get failures() {
    return this.page.getByRole('region', { name: this.text('upload:failures.label') });
  }

  get images() {
    return this.page.getByRole('region', { name: this.text('upload:instances.label') });
  }

  async expectState(state: string): Promise<void> {
    await expect(this.sending.getByRole('heading', { level: 2 })).toHaveText(this.text(`upload:state.${state}`), { timeout: 120_000 });
  }

  /** Images stored, as the page says. */
  async stored(): Promise<number> {
    return this.page.locator('li[data-state="stored"]').count();
  }

  async openStudy(): Promise<void> {
    await this.sending.getByRole('link', { name: this.text('upload:study.open') }).first().click();
  }

  /** The line of a small clinic: so many bytes a second upwards. */
  async slowDown(bytesPerSecond: number): Promise<() => Promise<void>> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('Network.enable');
    const set = (uploadThroughput: number) => session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await set(bytesPerSecond);
    return async () => {
      await set(-1);
      await session.detach();
    };
  }
}

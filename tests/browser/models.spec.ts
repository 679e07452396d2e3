import { expect, test, type Browser, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePackage } from './author';
import { cut, hold } from './line';
import { lookAt } from './look';
import { ModelsPage } from './pages/ModelsPage';
import { PackagesPage } from './pages/PackagesPage';
import { RulesPage } from './pages/RulesPage';
import { SignInPage } from './pages/SignInPage';
import { UploadPage } from './pages/UploadPage';
import { platform } from './platform';
import { hippocampus, write } from './series';
import { languages, textsOf } from './texts';

for (const language of languages) {
  test.describe.serial(`models ${language}`, () => {
    const text = textsOf(language);
    // Packages are the whole platform's: each language has its own versions.
    const next = { name: 'hippocampus-volume', version: language === 'en' ? '2.1.0' : '2.2.0' };
    const challenger = `Challenger ${language}`;
    const chest = { name: 'chest-xray-pneumonia', ...(language === 'en' ? { version: '1.1.0', before: '1.0.0' } : { version: '1.2.0', before: '1.1.0' }) };
    let folder: string;
    let operator: Page;
    let administrator: Page;

    test.beforeAll(async ({ browser }) => {
      folder = mkdtempSync(join(tmpdir(), 'platform-packages-'));
      operator = await as(browser, 'operator');
      administrator = await as(browser, 'administrator');
    });
    test.afterAll(async () => {
      await operator.context().close();
      await administrator.context().close();
      rmSync(folder, { recursive: true, force: true });
    });

    const as = async (browser: Browser, role: string) => {
      const user = platform().users.find(one => one.role === role);
      const page = await (await browser.newContext({ baseURL: platform().url })).newPage();
      const signIn = new SignInPage(page, text);
      await signIn.open(language);
      await signIn.signIn(user?.email ?? '', user?.password ?? '');
      await expect(page).not.toHaveURL(/sign-in/);
      return page;
    };
    const look = (name: string, on: Page) => lookAt(on, `${language} ${name}`);

    test('lets the operator upload, approve and watch', async () => {
      const [first, second] = [writePackage(next.name, { version: next.version }, folder), writePackage(chest.name, { version: chest.version }, folder)];
      const packages = new PackagesPage(operator, text);
      await expect(operator).toHaveURL(/_platform\/packages$/);
      await expect(operator.getByRole('heading', { level: 1, name: text('operator:packages.title') })).toBeVisible();

      await packages.choose(first.zip);
      await packages.upload.click();
      await expect(operator.getByText(text('operator:upload.refused'))).toBeVisible();
      await expect(operator.getByRole('alert')).toContainText('unsigned');
      await expect(operator.getByRole('alert')).toContainText(text('operator:refusal.unsigned'));
      await look('packages refused', operator);

      await packages.choose(first.zip, first.signature);
      const line = await operator.context().newCDPSession(operator);
      await line.send('Network.enable');
      const speed = (uploadThroughput: number) => line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
      await speed(1_500_000);
      await packages.upload.click();
      await expect(operator.getByRole('progressbar')).toBeVisible();
      await expect(operator.getByRole('progressbar')).not.toHaveAttribute('aria-valuenow', '0');
      await look('packages sending', operator);
      await speed(-1);
      await expect(packages.row(next.version)).toContainText(text('operator:status.Uploaded'));
      await packages.ask('approve', next.version);
      await look('packages to be approved', operator);
      await packages.agree('approve', next.version);
      await packages.choose(second.zip, second.signature);
      await packages.upload.click();
      await expect(packages.row(chest.version)).toContainText(text('operator:status.Uploaded'));
      await packages.ask('approve', chest.version);
      await packages.agree('approve', chest.version);
      await look('packages', operator);

      await operator.getByRole('link', { name: text('app:nav.work') }).click();
      await expect(operator.getByRole('table', { name: text('operator:workers.caption') }).getByRole('row')).toHaveCount(2);
      await look('work', operator);
    });

    test('lets an administrator take a model up, roll it back and switch it off', async ({ browser }) => {
      const models = new ModelsPage(administrator, text);
      const release = await hold(administrator);
      await models.open();
      await expect(administrator.locator('main [aria-busy=true]').first()).toBeVisible();
      await look('models loading', administrator);
      await release();
      await models.expectState('hippocampus-volume', '1.0.0', 'runs');
      await look('models', administrator);

      await models.take(chest.name, chest.version);
      await look('models to be taken up', administrator);
      await models.agree('take');
      await models.expectState(chest.name, chest.version, 'runs');
      await models.expectState(chest.name, '1.0.0', 'off');
      await models.ask('rollback', chest.name, chest.version);
      await models.agree('rollback');
      await models.expectState(chest.name, chest.version, 'off');
      await models.expectState(chest.name, chest.before, 'runs');
      await models.ask('deactivate', chest.name, chest.before);
      await models.agree('deactivate');
      await models.expectState(chest.name, chest.before, 'off');
      await models.ask('activate', chest.name, '1.0.0');
      await models.agree('activate');
      await models.expectState(chest.name, '1.0.0', 'runs');

      await models.row(chest.name, '1.0.0').getByRole('button').first().click();
      await expect(administrator.getByRole('dialog')).toContainText(text('models:signed.installed'));
      await look('models about', administrator);
      await administrator.keyboard.press('Escape');

      await administrator.context().setOffline(true);
      await expect(administrator.getByText(text('ui:offline.bar'))).toBeVisible();
      await look('models offline', administrator);
      await administrator.context().setOffline(false);
      await expect(administrator.getByText(text('ui:offline.bar'))).toBeHidden();

      const reader = await as(browser, 'specialist');
      for (const page of ['models', 'rules'] as const) {
        await reader.goto(`/portal/demo/${page}`);
        await expect(reader.getByText(text(`${page}:noPermission`))).toBeVisible();
        await look(`${page} not allowed`, reader);
      }
      await reader.goto('/portal/_platform/packages');
      await expect(reader.getByText(text('ui:notFound.title'))).toBeVisible();
      await reader.context().close();
    });

    test('lets an administrator try a rule out on past studies and compare a shadow with what people see', async () => {
      const models = new ModelsPage(administrator, text);
      await models.take(next.name, next.version);
      await administrator.getByLabel(text('models:take.run')).uncheck();
      await models.agree('take');
      await models.expectState(next.name, next.version, 'off');
      await models.expectState(next.name, '1.0.0', 'runs');

      const rules = new RulesPage(administrator, text);
      await rules.open();
      await expect(rules.row('hippocampus-volume')).toBeVisible();
      await rules.add();
      await rules.save.click();
      await expect(administrator.getByText(text('rules:wrong.name'))).toBeVisible();
      await rules.field('name').fill(challenger);
      await rules.select('modelId', 'Hippocampal volume on MR 1.0.0');
      await rules.select('shadowOf', 'hippocampus-volume');
      await rules.dryRun.click();
      await expect(administrator.getByText(text('rules:dryRun.refused'))).toBeVisible();
      await look('rule refused', administrator);
      await rules.select('modelId', `Hippocampal volume on MR ${next.version}`);
      await rules.dryRun.click();
      await expect(rules.result).toContainText(text('rules:dryRun.wouldShadow'));
      await expect(rules.result).toContainText(text('rules:dryRun.wouldNot'));
      await look('rule tried out', administrator);
      await rules.save.click();
      await expect(rules.row(challenger)).toContainText(text('rules:state.shadow'));
      await look('rules', administrator);
      await rules.row(challenger).getByRole('button', { name: text('rules:compare') }).click();
      await expect(administrator.getByText(text('rules:comparison.empty.title'))).toBeVisible();
      await look('comparison empty', administrator);

      write(hippocampus(`shadow ${language}`, 'Phantom^Shadow'), join(folder, 'mr'));
      const upload = new UploadPage(administrator, text);
      await upload.open('demo');
      await upload.drop(join(folder, 'mr'));
      await upload.send.click();
      await upload.expectState('done');
      await rules.open();
      await rules.row(challenger).getByRole('button', { name: text('rules:compare') }).click();
      await expect(administrator.getByRole('table', { name: text('rules:comparison.byStudy') })).toBeVisible({ timeout: 60_000 }); // by itself
      await expect(administrator.getByRole('table', { name: text('rules:comparison.byStudy') })).toContainText('100');
      await look('comparison', administrator);
      await rules.back.click();

      await administrator.getByRole('button', { name: text('rules:dryRun.ofAll'), exact: true }).click();
      await expect(rules.back).toBeVisible(); // both buttons may have the same name
      await rules.dryRun.click();
      await expect(rules.result).toContainText('hippocampus-volume');
      await look('rules tried out', administrator);
      await rules.back.click();
      await rules.edit(challenger);
      await rules.field('minSlices').fill('20');
      await rules.save.click();
      await expect(rules.row(challenger)).toContainText('20');
      await rules.row(challenger).getByRole('button', { name: text('rules:off.action') }).click();
      await administrator.getByRole('dialog').getByRole('button', { name: text('rules:off.action'), exact: true }).click();
      await expect(rules.row(challenger)).toContainText(text('rules:state.off'));

      const mend = await cut(administrator);
      await administrator.reload();
      await expect(administrator.getByRole('heading', { name: text('ui:unreachable.title') })).toBeVisible();
      await look('rules unreachable', administrator);
      await mend();
      await expect(rules.row(challenger)).toBeVisible({ timeout: 15_000 }); // by itself
    });

    test('takes a withdrawn model from every hospital', async () => {
      await operator.getByRole('link', { name: text('app:nav.packages') }).click();
      const packages = new PackagesPage(operator, text);
      await packages.ask('withdraw', next.version);
      await look('packages to be withdrawn', operator);
      await packages.agree('withdraw', next.version);

      const models = new ModelsPage(administrator, text);
      await models.open();
      await models.expectState(next.name, next.version, 'withdrawn');
      const before = administrator.viewportSize();
      await administrator.emulateMedia({ colorScheme: 'dark' });
      await administrator.setViewportSize({ width: 390, height: 844 });
      await look('models on a phone', administrator);
      const rules = new RulesPage(administrator, text);
      await rules.open();
      await look('rules on a phone', administrator);
      await administrator.emulateMedia({ colorScheme: null });
      await administrator.setViewportSize(before ?? { width: 1360, height: 860 });
    });
  });
}

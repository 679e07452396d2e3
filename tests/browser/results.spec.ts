import { expect, test, type Browser, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePackage, type ManifestChange } from './author';
import { cut, hold } from './line';
import { lookAt } from './look';
import { ModelsPage } from './pages/ModelsPage';
import { PackagesPage } from './pages/PackagesPage';
import { RulesPage } from './pages/RulesPage';
import { SignInPage } from './pages/SignInPage';
import { StudyPage } from './pages/StudyPage';
import { UploadPage } from './pages/UploadPage';
import { WorkPage } from './pages/WorkPage';
import { platform } from './platform';
import { hippocampus, write } from './series';
import { languages, textsOf } from './texts';

for (const language of languages) {
  test.describe.serial(`results ${language}`, () => {
    const text = textsOf(language);
    const [short, minor] = language === 'en' ? ['en', 1] : ['zh', 2];
    // Packages are the whole platform's: each language has its own.
    const strict = { from: 'hippocampus-volume', name: `strict-${short}`, version: `5.${minor}.0`, title: `Strict ${short}`, quality: { minSharpness: 100 } };
    const half = { from: 'half', name: `half-${short}`, version: `5.${minor}.1`, title: `Half ${short}` };
    const endless = { from: 'slow', name: `endless-${short}`, version: `5.${minor}.2`, title: `Endless ${short}`, limits: { seconds: 1 } };
    const since = { from: 'change', name: `since-${short}`, version: `5.${minor}.3`, title: `Since ${short}` };
    const patient = `Phantom^Results ${short}`;
    const shown = `Phantom, Results ${short}`;
    let folder: string;
    let operator: Page;
    let administrator: Page;

    test.beforeAll(async ({ browser }) => {
      folder = mkdtempSync(join(tmpdir(), 'platform-results-'));
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
    const onPhone = async (page: Page, name: string) => {
      const before = page.viewportSize();
      await page.emulateMedia({ colorScheme: 'dark' });
      await look(`${name} dark`, page);
      await page.setViewportSize({ width: 390, height: 844 });
      await look(`${name} on a phone`, page);
      await page.emulateMedia({ colorScheme: null });
      await page.setViewportSize(before ?? { width: 1360, height: 860 });
    };

    test('has models that limit, that make images and that fail, and a log of who let them in', async () => {
      const packages = new PackagesPage(operator, text);
      for (const { from, ...change } of [strict, half, endless, since] as (ManifestChange & { from: string })[]) {
        const { zip, signature } = writePackage(from, change, folder);
        await packages.choose(zip, signature);
        await packages.upload.click();
        await expect(packages.row(change.version)).toContainText(text('operator:status.Uploaded'));
        await packages.ask('approve', change.version);
        await packages.agree('approve', change.version);
      }
      const log = operator.getByRole('table', { name: text('operator:log.title') });
      const latest = log.getByRole('row').filter({ hasText: `${endless.name} ${endless.version}` });
      await expect(latest.filter({ hasText: text('operator:log.action.package-approve') })).toHaveCount(1);
      await expect(latest.filter({ hasText: text('operator:log.action.package-upload') })).toHaveCount(1);
      await look('packages with the log', operator);
      await onPhone(operator, 'packages with the log');

      const models = new ModelsPage(administrator, text);
      await models.open();
      for (const { name, version } of [strict, half, endless, since]) {
        await models.take(name, version);
        await models.agree('take');
        await models.expectState(name, version, 'runs');
      }
    });

    test('says in the list which results are limited, and shows what a model made as such', async () => {
      write(hippocampus(`results ${language}`, patient), join(folder, 'mr'));
      const upload = new UploadPage(administrator, text);
      await upload.open('demo');
      await upload.drop(join(folder, 'mr'));
      await upload.send.click();
      await upload.expectState('done');
      await upload.openStudy();

      const rail = administrator.getByRole('navigation', { name: text('study:series.label') });
      const enhanced = rail.getByRole('button').filter({ hasText: text('study:derived.mark') }).filter({ hasText: half.name });
      await expect(enhanced).toContainText(half.title, { timeout: 120_000 });
      await expect(enhanced).toContainText(half.version);
      await enhanced.click();
      const study = new StudyPage(administrator, text);
      await study.expectFullImage();
      await expect(administrator.getByText(text('study:derived.notOriginal'))).toBeVisible();
      await look('study enhanced', administrator);
      await onPhone(administrator, 'study enhanced');
      await rail.getByRole('button').first().click();
      await expect(administrator.getByText(text('study:derived.notOriginal'))).toBeHidden();
      await expect(study.ai.getByRole('article', { name: strict.name })).toContainText(text('study:quality.title'), { timeout: 120_000 });

      await administrator.getByRole('link', { name: text('app:nav.studies'), exact: true }).click();
      const row = administrator.getByRole('row').filter({ hasText: shown }).first(); // the latest
      const mark = row.getByRole('button', { name: text('studies:limited.mark') });
      await expect(mark).toBeVisible();
      await expect(mark).toHaveAccessibleDescription(new RegExp(text('studies:limited.blur').replace(/[.]/g, '\\$&')));
      const why = row.getByRole('tooltip');
      await mark.focus();
      await expect(why).toBeInViewport();
      await expect(why).not.toHaveClass(/visually-hidden/);
      await look('studies limited', administrator);
      await onPhone(administrator, 'studies limited');
      await administrator.keyboard.press('Escape');
      await expect(why).toHaveClass(/visually-hidden/);
      await mark.blur();
      await row.hover();
      await mark.hover();
      await expect(why).not.toHaveClass(/visually-hidden/);
    });

    test('lets an administrator set from which probability on a label is reported', async () => {
      const rules = new RulesPage(administrator, text);
      await rules.open();
      await rules.edit('chest-xray-pneumonia');
      const field = rules.threshold('Pneumonia');
      await expect(field).toHaveAttribute('placeholder', /^0\.\d+$/);
      await expect(field).toHaveValue('');
      await field.fill('70');
      await rules.save.click();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(/0.*1.*0\.7/);
      await look('rule with a wrong threshold', administrator);
      await field.fill('0.7');
      await expect(field).not.toHaveAttribute('aria-invalid', 'true');
      await expect(administrator.getByText(text('rules:threshold.effect'))).toBeVisible();
      await rules.dryRun.click();
      await expect(rules.result).toBeVisible();
      await look('rule with a threshold', administrator);
      await onPhone(administrator, 'rule with a threshold');
      await rules.save.click();
      await rules.edit('chest-xray-pneumonia');
      await expect(field).toHaveValue('0.7');
      await expect(administrator.getByText(text('rules:threshold.effect'))).toBeHidden();
      await administrator.getByRole('button', { name: text('rules:threshold.resetOf').replace('{{name}}', 'Pneumonia'), exact: true }).click();
      await expect(field).toHaveValue('');
      await rules.save.click();
      await expect(rules.row('chest-xray-pneumonia')).toBeVisible();
    });

    test('lets the operator replay what failed in a hospital, without seeing its studies', async () => {
      const work = new WorkPage(operator, text);
      await work.open();
      await expect(work.hospital('demo')).toBeVisible({ timeout: 120_000 }); // crashed three times
      await look('work with trouble', operator);
      const release = await hold(operator);
      await work.hospital('demo').getByRole('button').click();
      await expect(operator.getByRole('dialog').locator('[aria-busy=true]')).toBeVisible();
      await release();
      await expect(work.runs.filter({ hasText: endless.name })).toHaveCount(1);
      await expect(operator.getByRole('dialog')).not.toContainText('2.25.');
      await look('troubled runs', operator);
      await onPhone(operator, 'troubled runs');
      const [causes, run] = [work.causes, work.runs.filter({ hasText: endless.name })];
      const state = text('operator:replay.status.Quarantined');
      await expect(run).toContainText(state);
      await run.getByRole('button').click();
      await expect(run).toBeHidden(); // it is on its way

      // It fails again, and all of the cause are replayed at once.
      await expect(run).toContainText(state, { timeout: 120_000 }); // by itself
      await expect(causes).toHaveCount(1);
      await causes.first().click();
      await expect(run).toBeHidden();
      await work.close.click();

      const mend = await cut(operator);
      await operator.reload();
      await expect(operator.getByRole('heading', { name: text('ui:unreachable.title') })).toBeVisible();
      await look('work unreachable', operator);
      await mend();
    });

    test('says with which earlier study a model compared', async () => {
      const upload = new UploadPage(administrator, text);
      await upload.open('demo');
      write(hippocampus(`results later ${language}`, patient), join(folder, 'later'));
      await upload.drop(join(folder, 'later'));
      await upload.send.click();
      await upload.expectState('done');
      await upload.openStudy();
      const study = new StudyPage(administrator, text);
      const run = study.ai.getByRole('article', { name: since.name });
      const [here, earlier] = [administrator.url(), run.getByText(text('study:runs.prior')).getByRole('link')];
      await expect(earlier).toBeVisible({ timeout: 120_000 });
      await expect(run.getByRole('status').first()).toContainText(text('study:status.Succeeded'), { timeout: 120_000 });
      await earlier.scrollIntoViewIfNeeded();
      await look('study with an earlier one', administrator);
      await earlier.click();
      await expect(administrator).not.toHaveURL(here);
      await expect(study.ai.getByRole('article', { name: strict.name })).toBeVisible();
    });

    test('takes those models from every hospital again', async () => {
      await operator.getByRole('link', { name: text('app:nav.packages'), exact: true }).click();
      const packages = new PackagesPage(operator, text);
      for (const { version } of [strict, half, endless, since]) {
        await packages.ask('withdraw', version);
        await packages.agree('withdraw', version);
      }
    });
  });
}

import { expect, test, type Page } from '@playwright/test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askInstead, cut, hold } from './line';
import { lookAt } from './look';
import { SignInPage } from './pages/SignInPage';
import { StudyPage } from './pages/StudyPage';
import { UploadPage } from './pages/UploadPage';
import { kill, platform, startAgain } from './platform';
import { annotated, hippocampus, knee, write } from './series';
import { languages, textsOf } from './texts';

/** Where the real images are, on a machine that has them. */
const chest = join(process.env['PLATFORM_CORPUS'] ?? join(__dirname, '../../../shared/data'), 'given/chest-ct/A0001-lung');

for (const language of languages) {
  test.describe.serial(language, () => {
    const text = textsOf(language);
    const name = language === 'en' ? { written: 'Phantom^Hedwig', shown: 'Phantom, Hedwig' } : { written: '黄^小红', shown: '黄小红' };
    let page: Page;
    let folder: string;

    test.beforeAll(async ({ browser }) => {
      folder = mkdtempSync(join(tmpdir(), 'platform-studies-'));
      page = await (await browser.newContext({ baseURL: platform().url })).newPage();
    });
    test.afterAll(async () => {
      await page.context().close();
      rmSync(folder, { recursive: true, force: true });
    });

    const look = (name: string, on = page) => lookAt(on, `${language} ${name}`);

    test('signs in, after a wrong password', async () => {
      const signIn = new SignInPage(page, text);
      await signIn.open(language);
      await look('sign-in');
      const user = platform().users.find(one => one.role === 'uploader') ?? platform().users[0];
      await signIn.signIn(user?.email ?? '', 'not the password');
      await expect(signIn.refusal).toBeVisible();
      await signIn.signIn(user?.email ?? '', user?.password ?? '');
      await expect(page).toHaveURL(/\/portal\/demo\/studies$/);
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      await look('studies');
    });

    test('uploads a folder, follows it live to the finding and sees its outline', async () => {
      const series = hippocampus(`hippocampus ${language}`, name.written);
      write(series, join(folder, 'mr'));
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      await look('upload');
      await upload.drop(join(folder, 'mr'));
      await expect(upload.found).toContainText(name.shown);
      await expect(upload.found).toContainText('MR');
      await look('upload found');
      await upload.send.click();
      await upload.expectState('done');
      await look('upload done');
      await upload.openStudy();

      const study = new StudyPage(page, text);
      await expect(study.head).toContainText(name.shown);
      await look('study');
      await expect(study.findings).toHaveCount(3, { timeout: 60_000 });
      await expect(study.findings.first()).toContainText(text('study:concept.SCT-5366008'));
      await expect(study.findings.first()).toContainText(/3[,.]?\d{3}\s*mm³/);
      await study.expectFullImage();

      await study.stage.focus();
      await page.keyboard.press('Home');
      await expect(study.stage).toHaveAttribute('data-index', '0');
      const colour = [230, 120, 60] as const;
      await expect.poll(() => study.painted(colour)).toBe(0);
      await study.findings.nth(1).click();
      await expect.poll(() => study.index()).toBeGreaterThan(3);
      await study.expectFullImage();
      await expect.poll(() => study.painted(colour)).toBeGreaterThan(50);
      await look('study finding');
      await study.ai.getByRole('checkbox').first().uncheck();
      await expect.poll(() => study.painted(colour)).toBe(0);
    });

    test('shows an administrator how the work goes, and nobody else', async ({ browser }) => {
      const as = async (role: string) => {
        const user = platform().users.find(one => one.role === role);
        const other = await (await browser.newContext({ baseURL: platform().url })).newPage();
        const signIn = new SignInPage(other, text);
        await signIn.open(language);
        await signIn.signIn(user?.email ?? '', user?.password ?? '');
        await expect(other).toHaveURL(/studies$/);
        return other;
      };
      const administrator = await as('administrator');
      const release = await hold(administrator);
      await administrator.getByRole('link', { name: text('app:nav.operations') }).click();
      await expect(administrator.locator('main [aria-busy=true]')).toBeVisible();
      await look('operations loading', administrator);
      await release();
      const times = administrator.getByRole('table', { name: text('operations:phases.caption') });
      await expect(times.getByRole('row', { name: /hippocampus-volume/ })).toBeVisible();
      const workers = administrator.getByRole('table', { name: text('operations:devices.caption') });
      await expect(workers.getByRole('row')).toHaveCount(2);
      await look('operations', administrator);
      await administrator.emulateMedia({ colorScheme: 'dark' });
      await look('operations dark', administrator);
      await administrator.emulateMedia({ colorScheme: null });
      await administrator.context().setOffline(true);
      await expect(administrator.getByText(text('ui:offline.bar'))).toBeVisible();
      await look('operations offline', administrator);
      await administrator.context().setOffline(false);
      await expect(administrator.getByText(text('ui:offline.bar'))).toBeHidden();
      await administrator.context().close();

      const reader = await as('specialist');
      await expect(reader.getByRole('link', { name: text('app:nav.operations') })).toHaveCount(0);
      await reader.goto('/portal/demo/operations');
      await expect(reader.getByText(text('operations:noPermission'))).toBeVisible();
      await look('operations not allowed', reader);
      await reader.context().close();
    });

    test('shows the tumour of a real chest CT', async () => {
      if (!existsSync(chest)) {
        expect(process.env['CI'], `${chest} is absent`).toBeUndefined();
        return;
      }
      test.setTimeout(300_000);
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      await upload.drop(chest);
      await expect(upload.found).toContainText('CT');
      await upload.send.click();
      await upload.expectState('done');
      await upload.openStudy();

      const study = new StudyPage(page, text);
      await expect(study.findings.first()).toBeVisible({ timeout: 240_000 });
      await expect(study.findings.first()).toContainText(text('study:concept.RADLEX-RID50149'));
      const { finding, mm } = await study.widest();
      expect(mm).toBeGreaterThan(35);
      await finding.click();
      await study.expectFullImage();
      const colour = await study.colourOf(finding);
      await expect.poll(() => study.painted(colour)).toBeGreaterThan(100);
      await look('study chest');
    });

    test('says why no AI ran', async () => {
      write(knee(`knee ${language}`), join(folder, 'ct'));
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      await upload.drop(join(folder, 'ct'));
      await upload.send.click();
      await upload.expectState('done');
      await upload.openStudy();
      const study = new StudyPage(page, text);
      await expect(study.ai).toContainText(text('study:noAi.title'));
      await study.expectFullImage();
      await look('study no AI');
    });

    test('holds images with letters in them until an administrator has looked', async ({ browser }) => {
      write(annotated(`letters ${language}`), join(folder, 'letters'));
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      await upload.drop(join(folder, 'letters'));
      await upload.send.click();
      await upload.expectState('done');
      await upload.openStudy();
      await expect(page.getByRole('heading', { name: text('study:held.hidden.title'), exact: true })).toBeVisible({ timeout: 60_000 });
      await look('study held');

      const administrator = platform().users.find(one => one.role === 'administrator');
      const other = await (await browser.newContext({ baseURL: platform().url })).newPage();
      const signIn = new SignInPage(other, text);
      await signIn.open(language);
      await signIn.signIn(administrator?.email ?? '', administrator?.password ?? '');
      await expect(other).toHaveURL(/studies$/);
      await expect(other.getByText(text('studies:status.Held')).first()).toBeVisible();
      await look('studies held', other);
      await other.goto(new URL(page.url()).pathname);
      await new StudyPage(other, text).expectFullImage();
      await look('study held, to an administrator', other);
      await other.getByRole('button', { name: text('study:held.release') }).click();
      await look('study to be released', other);
      await other.getByRole('dialog').getByRole('button', { name: text('study:held.confirm.release'), exact: true }).click();
      await expect(other.getByText(text('study:held.title'))).toBeHidden();
      await other.context().close();
      await new StudyPage(page, text).expectFullImage(); // by itself
      await look('study released');
    });

    test('says what was refused and what to do', async () => {
      const files = write(knee(`refused ${language}`, 3), join(folder, 'bad'));
      const last = files.at(-1) ?? '';
      writeFileSync(last, readFileSync(last).subarray(0, 9_000));
      writeFileSync(join(folder, 'bad', 'letter.txt'), 'Dear colleague, here are the images.');
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      await upload.drop(join(folder, 'bad'));
      await expect(upload.found).toContainText(text('upload:skipped.not-dicom'));
      await look('upload found with a letter');
      await upload.send.click();
      await upload.expectState('doneWithFailures');
      await expect(upload.failures).toContainText(text('upload:reason.cut.what'));
      await expect(upload.failures).toContainText(text('upload:reason.cut.do'));
      await look('upload refused');
    });

    test('finishes an upload by itself after the platform was killed in the middle of it', async () => {
      write(knee(`killed ${language}`, 30, 160), join(folder, 'long'));
      const upload = new UploadPage(page, text);
      await upload.open('demo');
      const speedUp = await upload.slowDown(250_000);
      await upload.drop(join(folder, 'long'));
      await upload.send.click();
      await expect.poll(() => upload.stored()).toBeGreaterThan(4);
      await kill();
      await upload.expectState('retrying');
      await expect(page.getByText(text('upload:trouble.offline.title'))).toBeVisible();
      await look('upload line down');
      await startAgain();
      await speedUp();
      await upload.expectState('done');
      await upload.openStudy();
      await expect(new StudyPage(page, text).head).toContainText('30');
    });

    test('lists studies and patients, in the dark and on a phone as well', async () => {
      const pages = { studies: 'studies:title', patients: 'patients:title' };
      for (const [path, title] of Object.entries(pages)) {
        await page.goto(`/portal/demo/${path}`);
        await expect(page.getByRole('heading', { level: 1, name: text(title) })).toBeVisible();
        await expect(page.getByText(name.shown).first()).toBeVisible();
        await look(`${path} listed`);
      }
      const before = page.viewportSize();
      await page.emulateMedia({ colorScheme: 'dark' });
      await look('patients dark');
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto('/portal/demo/studies');
      await expect(page.getByText(name.shown).first()).toBeVisible();
      await look('studies on a phone');
      await page.getByText(name.shown).first().click();
      await new StudyPage(page, text).expectFullImage();
      await look('study on a phone');
      await page.emulateMedia({ colorScheme: null });
      await page.setViewportSize(before ?? { width: 1360, height: 860 });
    });

    test('shows a study that is not there, and an upload that a role may not do', async ({ browser }) => {
      await page.goto('/portal/demo/studies/1.2.3');
      await expect(page.getByText(text('study:absent.title'))).toBeVisible();
      await look('study absent');

      await page.goto('/portal/demo/nowhere');
      await expect(page.getByText(text('ui:notFound.title'))).toBeVisible();
      await look('nowhere');
      await page.goto('/portal/elsewhere/studies');
      await expect(page.getByText(text('ui:notFound.title'))).toBeVisible();
      await look('another hospital');

      const reader = platform().users.find(one => one.role === 'specialist');
      const other = await (await browser.newContext({ baseURL: platform().url })).newPage();
      const signIn = new SignInPage(other, text);
      await signIn.open(language);
      await signIn.signIn(reader?.email ?? '', reader?.password ?? '');
      await expect(other).toHaveURL(/studies$/);
      await other.goto('/portal/demo/upload');
      await expect(other.getByText(text('upload:noPermission'))).toBeVisible();
      await look('upload not allowed', other);

      // A browser that uploaded nothing knows no patient.
      await other.goto('/portal/demo/patients');
      await expect(other.getByText(text('patients:empty.title'))).toBeVisible();
      await look('patients empty', other);
      await other.goto('/portal/demo/studies');
      await expect(other.getByRole('table')).toBeVisible();
      await look('studies by pseudonym', other);
      await other.context().close();
    });

    test('says what it waits for, what does not answer and what is empty', async () => {
      await page.goto('/portal/demo/studies');
      await page.getByText(name.shown).first().click();
      await new StudyPage(page, text).expectFullImage();
      const pages = { studies: '/portal/demo/studies', study: new URL(page.url()).pathname };
      for (const [title, path] of Object.entries(pages)) {
        const release = await hold(page);
        await page.goto(path);
        await expect(page.locator('main [aria-busy=true]')).toBeVisible();
        await look(`${title} loading`);
        await release();
        await expect(page.locator('main [aria-busy=true]')).toBeHidden();

        await page.context().setOffline(true);
        await expect(page.getByText(text('ui:offline.bar'))).toBeVisible();
        await look(`${title} offline`);
        await page.context().setOffline(false);
        await expect(page.getByText(text('ui:offline.bar'))).toBeHidden();

        const mend = await cut(page);
        await page.goto(path);
        await expect(page.getByRole('heading', { name: text('ui:unreachable.title') })).toBeVisible();
        await look(`${title} unreachable`);
        await mend();
        await expect(page.getByText(name.shown).first()).toBeVisible({ timeout: 15_000 }); // by itself
      }

      const wrongly = await askInstead(page, url => url.searchParams.set('limit', '-1'));
      await page.goto(pages.studies);
      await expect(page.getByRole('heading', { name: text('ui:failed.title') })).toBeVisible();
      await look('studies failed');
      await wrongly();
      const older = await askInstead(page, url => url.searchParams.set('before', '00000000-0000-0000-0000-000000000001'));
      await page.goto(pages.studies);
      await expect(page.getByText(text('studies:empty.title'))).toBeVisible();
      await look('studies empty');
      await older();

      for (const [title, path] of Object.entries({ studies: 'studies', patients: 'patients' })) {
        await page.goto(`/portal/demo/${path}`);
        await expect(page.getByText(name.shown).first()).toBeVisible();
        await page.getByRole('searchbox').fill('nobody of this name');
        await expect(page.getByText(text(`${title}:noMatch.title`))).toBeVisible();
        await look(`${title} without a match`);
      }
      await page.getByRole('searchbox').fill('');
      await page.getByRole('button', { name: text('patients:forget.all') }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await look('patients to be forgotten');
      await page.getByRole('button', { name: text('patients:forget.cancel') }).click();
      await expect(page.getByText(name.shown).first()).toBeVisible();
    });
  });
}

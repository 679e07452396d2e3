// npm run check: every check of the portal, each counted. The last line is `N passed, N failed`.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const firstLoadLimit = 150_000; // bytes of gzip, for a page with all that it needs to stand

const run = promisify(execFile);
const program = (name, ...args) => run(join('node_modules', '.bin', name), args, { maxBuffer: 1 << 26 });
const read = async path => (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');

/** `a.b.c` of every text in a language file. i18next's plural forms count as one key: English has two, Chinese one. */
function keysOf(texts, above = '') {
  return Object.entries(texts).flatMap(([key, value]) => (typeof value === 'string'
    ? [above + key.replace(/_(zero|one|two|few|many|other)$/, '')]
    : keysOf(value, `${above}${key}.`)));
}

/** Values that a text is given: they must be the same in every language. */
const placeholders = texts => JSON.stringify(
  [...new Set(JSON.stringify(texts).match(/\{\{\s*(\w+)/g) ?? [])].map(found => found.replace(/\W/g, '')).sort());

const checks = {
  async 'types hold'() {
    await program('tsc', '--noEmit');
  },
  async 'eslint, imports point downwards only'() {
    await program('eslint', '.');
  },
  async 'unit tests'() {
    await program('vitest', 'run');
  },
  async 'API types are those of docs/openapi.json'() {
    const folder = await mkdtemp(join(tmpdir(), 'portal-types-'));
    try {
      await program('openapi-typescript', '../../docs/openapi.json', '--output', join(folder, 'schema.ts'), '--alphabetize');
      if (await read(join(folder, 'schema.ts')) !== await read('src/lib/api/schema.ts')) {
        throw new Error('docs/openapi.json has changed: npm run types, and commit src/lib/api/schema.ts');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  async 'every language has every text'() {
    const files = (await readdir('src', { recursive: true })).filter(name => /(^|\/)en\.json$/.test(name));
    const wrong = [];
    for (const file of files) {
      const english = JSON.parse(await read(join('src', file)));
      const other = file.replace(/en\.json$/, 'zh-CN.json');
      const translated = JSON.parse(await read(join('src', other)));
      const [wanted, found] = [new Set(keysOf(english)), new Set(keysOf(translated))];
      wrong.push(...[...wanted].filter(key => !found.has(key)).map(key => `${other} lacks ${key}`));
      wrong.push(...[...found].filter(key => !wanted.has(key)).map(key => `${other} has ${key}, which ${file} has not`));
      if (placeholders(english) !== placeholders(translated)) {
        wrong.push(`${other} and ${file} name other {{values}}`);
      }
    }
    if (files.length === 0 || wrong.length > 0) {
      throw new Error(wrong.join('\n') || 'no language files');
    }
  },
  async [`every page's first load is at most ${firstLoadLimit / 1000} kB gzip, without the pages that are opened from it`]() {
    const folder = await mkdtemp(join(tmpdir(), 'portal-build-'));
    try {
      await program('vite', 'build', '--logLevel', 'error', '--outDir', folder, '--emptyOutDir');
      const manifest = JSON.parse(await read(join(folder, '.vite', 'manifest.json')));
      const pages = Object.keys(manifest).filter(name => /^src\/features\/\w+\/\w+Page\.tsx$/.test(name));
      for (const page of pages) {
        for (const language of ['en', 'zh-CN']) {
          const texts = ['src/app', 'src/ui', dirname(page)].map(folder => `${folder}/${language}.json`);
          const files = new Set(['index.html']);
          const add = name => {
            const part = manifest[name];
            if (!files.has(part.file)) {
              files.add(part.file);
              part.css?.forEach(css => files.add(css));
              part.imports?.forEach(add);
            }
          };
          ['index.html', page, ...texts].forEach(add);
          let bytes = 0;
          for (const file of files) {
            bytes += gzipSync(await readFile(join(folder, file)), { level: 9 }).length;
          }
          console.log(`    ${(bytes / 1000).toFixed(1)} kB ${page.split('/').at(-1)} ${language}`);
          if (bytes > firstLoadLimit) {
            throw new Error(`${page} loads ${bytes} bytes`);
          }
        }
      }
      if (pages.length === 0) {
        throw new Error('the build has no pages');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const start = performance.now();
  try {
    await check();
    console.log(`  passed: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`  FAILED: ${name}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}`);
  }
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

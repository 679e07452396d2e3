import { defineConfig } from '@playwright/test';
import { join } from 'node:path';

// One platform and one browser on two cores: the journeys run one after the other. Pictures and traces go to .run, which git ignores.
export const scratch = join(__dirname, '../../.run/browser');

export default defineConfig({
  testDir: __dirname,
  outputDir: join(scratch, 'results'),
  globalSetup: join(__dirname, 'start.ts'),
  fullyParallel: false,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['json', { outputFile: join(scratch, 'results.json') }]],
  use: {
    viewport: { width: 1360, height: 860 },
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});

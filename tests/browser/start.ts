import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scratch } from './playwright.config';
import { start, stop } from './platform';

/** Before all journeys the platform starts on a folder of its own; after them it stops and the folder goes. */
export default async function startPlatform(): Promise<() => Promise<void>> {
  mkdirSync(scratch, { recursive: true });
  rmSync(join(scratch, 'pages'), { recursive: true, force: true });
  const data = mkdtempSync(join(tmpdir(), 'platform-browser-'));
  await start(data);
  return async () => {
    await stop();
    rmSync(data, { recursive: true, force: true });
  };
}

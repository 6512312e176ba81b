import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Where a Chromium or Chrome usually lies, by platform. */
function usualPlaces() {
  const { env } = process;
  if (process.platform === 'darwin')
    return ['Chromium', 'Google Chrome'].flatMap((app) => [
      `/Applications/${app}.app/Contents/MacOS/${app}`,
      join(env.HOME ?? '/', `Applications/${app}.app/Contents/MacOS/${app}`),
    ]);
  if (process.platform === 'win32')
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
      .filter((dir) => dir !== undefined)
      .flatMap((dir) => [
        join(dir, 'Google/Chrome/Application/chrome.exe'),
        join(dir, 'Chromium/Application/chrome.exe'),
      ]);
  return ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].flatMap((name) => [
    `/usr/bin/${name}`,
    `/usr/local/bin/${name}`,
    `/snap/bin/${name}`,
  ]);
}

/**
 * The path of a Chromium to drive, or null: `TREERING_CHROMIUM`, else a system one, else the one that Playwright
 * downloaded. Throws Error when `TREERING_CHROMIUM` names a file that is not there.
 * @returns {string | null}
 */
export function findChromium() {
  const named = process.env.TREERING_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`TREERING_CHROMIUM is ${named}, but there is no such file. Correct it or unset it.`);
  }
  const usual = usualPlaces().find((path) => existsSync(path));
  if (usual !== undefined) return usual;
  try {
    const own = createRequire(import.meta.url)('@playwright/test').chromium.executablePath();
    return existsSync(own) ? own : null;
  } catch {
    return null;
  }
}

/**
 * Flags for a quiet headless Chromium; as root it refuses to start with its sandbox.
 * @returns {string[]}
 */
export function chromiumFlags() {
  const flags = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return process.getuid?.() === 0 ? ['--no-sandbox', ...flags] : flags;
}

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumFlags, findChromium } from './chromium.mjs';
import { node, packCorpus, packEmbeddings, root, run, tool } from './process.mjs';

/** Says what happened, why, and what to do next; then ends the process. */
function giveUp(sentence) {
  console.error(`\n${sentence}`);
  process.exit(1);
}

/** Installs the exact packages of package-lock.json, unless node_modules was already made from this very lock. */
async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.treering-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // npm keeps its own copy of the lock: where it holds the same packages, an install by hand is as good as ours.
  if (!installedAsLocked()) {
    console.log('Installing packages from package-lock.json (about a minute the first time) ...');
    const npm = process.env.npm_execpath;
    const args = ['ci', '--no-audit', '--no-fund'];
    const code = npm?.endsWith('.js')
      ? await node(npm, args)
      : await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
    if (code !== 0)
      giveUp(
        'The packages could not be installed: npm ci failed, see above. Check the network and try again; nothing else is needed beforehand.',
      );
  }
  writeFileSync(stamp, lock);
}

/** Whether what npm says it installed is what package-lock.json asks for. */
function installedAsLocked() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // Packages for other platforms are optional and rightly absent.
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/** A Chromium to drive: found, or downloaded by Playwright. */
async function provideChromium() {
  let found = null;
  try {
    found = findChromium();
  } catch (error) {
    giveUp(error.message);
  }
  if (found === null) {
    console.log('No Chromium found; Playwright downloads one ...');
    await node(tool('@playwright/test', 'playwright'), ['install', 'chromium']);
    found = findChromium();
  }
  if (found === null)
    giveUp(
      'There is no Chromium to run the page in, and Playwright could not download one. ' +
        'Install one (Debian and Ubuntu: apt-get install chromium) or set TREERING_CHROMIUM to the path of a Chromium or Chrome, then run this command again.',
    );
  return found;
}

/**
 * Makes a fresh clone ready: packages, packed text and, where asked for, a Chromium. Does nothing the second time.
 * @param {{ browser: boolean }} want
 * @returns {Promise<string | null>} the path of the Chromium, null where none was asked for
 */
export async function setUp({ browser }) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) giveUp(`Treering needs Node 20 or newer; this is Node ${process.versions.node}.`);
  await installPackages();
  if ((await packCorpus()) !== 0) giveUp('The built-in text could not be packed; see above.');
  // Recall goes on without word vectors: a failure here is said, and is not the end.
  if ((await packEmbeddings()) !== 0) console.log('The word vectors could not be packed; see above.');
  if (!browser) return null;
  const chromium = await provideChromium();
  // Playwright and Vitest look it up again in their own processes: tell them once.
  process.env.TREERING_CHROMIUM = chromium;
  return chromium;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const chromium = await setUp({ browser: !process.argv.includes('--no-browser') });
  console.log(
    chromium === null
      ? 'Ready.'
      : `Ready. Chromium: ${chromium} ${chromiumFlags().includes('--no-sandbox') ? '(as root, without its sandbox)' : ''}`,
  );
}

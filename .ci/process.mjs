import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, wherever the command was called from. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Scratch files that a fresh clone does not have and nobody commits. */
export const cache = join(root, 'node_modules', '.cache', 'treering');

/**
 * The script behind a package's command, to be run by this very Node (no shell, no PATH).
 * @param {string} packageName
 * @param {string} [bin] name of the command where it differs from the package's
 */
export function tool(packageName, bin = packageName) {
  const dir = join(root, 'node_modules', packageName);
  const { bin: bins } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  return join(dir, typeof bins === 'string' ? bins : bins[bin]);
}

/**
 * Runs a command in the project's folder and resolves with its exit code (1 when it could not start or took too long).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, timeoutMs?: number, quiet?: boolean }} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, { env = {}, timeoutMs = 0, quiet = false } = {}) {
  return new Promise((resolve) => {
    // In a group of its own, so that a check that hangs ends together with the browsers that it started.
    const group = timeoutMs > 0 && process.platform !== 'win32';
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'inherit', 'inherit'],
      detached: group,
    });
    const end = (signal) => {
      try {
        if (group) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It ended by itself meanwhile.
      }
    };
    const forward = () => {
      end('SIGTERM');
      process.exit(130);
    };
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const timer =
      timeoutMs > 0 &&
      setTimeout(() => {
        console.error(`\nStopped after ${timeoutMs / 1000} s without an end: ${args.join(' ')}`);
        end('SIGKILL');
      }, timeoutMs);
    const finish = (code) => {
      if (timer) clearTimeout(timer);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      finish(1);
    });
    child.on('exit', (code) => finish(code ?? 1));
  });
}

/** Runs a Node script; as `run`. */
export const node = (script, args = [], options = {}) => run(process.execPath, [script, ...args], options);

/** Packs the built-in text into public/corpus, unless it is packed already. Resolves with an exit code. */
export async function packCorpus() {
  const script = join(root, '.ci', 'pack-corpus.mjs');
  if (!existsSync(script)) return 0;
  return node(script);
}

/**
 * Packs the word vectors unless they are; does nothing where the script is not.
 * @returns {Promise<number>} the exit code
 */
export async function packEmbeddings() {
  const script = join(root, '.ci', 'pack-embeddings.mjs');
  if (!existsSync(script)) return 0;
  return node(script);
}

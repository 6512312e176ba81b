import { fileURLToPath } from 'node:url';
import { ESLint, Linter } from 'eslint';
import ts from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { liveRules, worldless, worldlessRules } from '../../.ci/eslint.config.js';
import { importMap } from '../harness/import-map.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the rules of the rooms below the worlds say to a script. */
const complaints = (code: string): string[] =>
  new Linter()
    .verify(code, [
      { languageOptions: { ecmaVersion: 'latest', sourceType: 'module' }, rules: worldlessRules },
    ])
    .map((m) => m.message);

describe('below the worlds', () => {
  test.each([
    'Date.now();',
    'new Date();',
    'performance.now();',
    'Math.random();',
    "Math['random']();",
    'Math.log(2);',
    'export const root = (x) => x ** 0.5;',
    'const { random } = Math; random();',
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'queueMicrotask(() => {});',
    'requestAnimationFrame(() => {});',
    "new BroadcastChannel('x');",
    'new MessageChannel();',
    "new Worker('x');",
    "new SharedWorker('x');",
    "indexedDB.open('x');",
    'navigator.hardwareConcurrency;',
    "fetch('x');",
    'crypto.randomUUID();',
    'globalThis.setTimeout(() => {}, 1);',
    'self.performance.now();',
    "globalThis['Date'].now();",
    'const g = globalThis; g.Date.now();',
    'const { now } = performance; now();',
  ])('%s is refused', (code) => {
    expect(complaints(code)).not.toEqual([]);
  });

  test.each([
    'export const at = (env) => env.now();',
    'export const wait = (env) => env.setTimer(5, () => {});',
    'export const pick = (env) => env.random("a").next() + Math.sqrt(2);',
    'export const size = (bits) => 2 ** bits;',
    'export const take = (fetch) => fetch("x");',
    'export class Frame { location = 1; performance = 2; }',
  ])('%s is fine', (code) => {
    expect(complaints(code)).toEqual([]);
  });

  test('the rules hold in every room but the worlds of their own clocks, and the page', async () => {
    const eslint = new ESLint({ cwd: root, overrideConfigFile: '.ci/eslint.config.js' });
    for (const room of Object.keys(importMap)) {
      const { rules } = (await eslint.calculateConfigForFile(`src/${room}/any.ts`)) as Linter.Config;
      const held = ['no-restricted-globals', 'no-restricted-properties', 'no-restricted-syntax'].every(
        (name) => rules?.[name] !== undefined,
      );
      expect(held, room).toBe(worldless.includes(room));
      const clocks = ['worlds/live', 'worlds/virtual', 'worlds/node'];
      expect(held, room).toBe(!clocks.includes(room) && room !== 'ui');
    }
  });
});

describe('in the live world', () => {
  /** What its rules say to a script with types. */
  const complaintsAt = async (code: string): Promise<string[]> => {
    const eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: { files: ['**/*.ts'], languageOptions: { parser: ts.parser }, rules: liveRules },
    });
    const [result] = await eslint.lintText(code, { filePath: 'any.ts' });
    return result!.messages.map((m) => m.message);
  };

  test.each([
    'port.onmessage = (event: MessageEvent<Answer>) => receive(event.data);',
    'port.onmessage = ({ data }: MessageEvent<Answer>) => receive(data);',
  ])('what arrives is not left in its event: %s', async (code) => {
    expect(await complaintsAt(code)).toEqual([expect.stringContaining('takeOut')]);
  });

  test('it is taken out of its envelope', async () => {
    const code = 'port.onmessage = (event: MessageEvent<Envelope<Answer>>) => receive(takeOut(event));';
    expect(await complaintsAt(code)).toEqual([]);
  });

  test('everywhere but in the envelope itself', async () => {
    const eslint = new ESLint({ cwd: root, overrideConfigFile: '.ci/eslint.config.js' });
    const ruleOf = async (file: string): Promise<unknown> =>
      ((await eslint.calculateConfigForFile(`src/worlds/live/${file}`)) as Linter.Config).rules?.[
        'no-restricted-syntax'
      ];
    expect(await ruleOf('liveChannels.ts')).toMatchObject([2, ...liveRules['no-restricted-syntax'].slice(1)]);
    expect(await ruleOf('envelope.ts')).toBeUndefined();
  });
});

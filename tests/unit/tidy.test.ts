import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { entries } from '../../.ci/library.mjs';
import { maelstromEntry } from '../../.ci/maelstrom.mjs';
import { importMap, topLevel } from '../harness/import-map.ts';
import { complaintsAbout, linesMax, type ProjectFile } from '../harness/tidy.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every file below a folder of the project. */
function read(folder: string): ProjectFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: path.slice(root.length).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') };
    });
}

/** The scripts that a page starts with, from the project's top. */
function scriptsOf(html: string): string[] {
  return [...html.matchAll(/<script[^>]*\ssrc="\.?\/?([^"]+)"/g)].map((match) => match[1]!);
}

const libraryFiles = Object.values(entries)
  .flat()
  .map((file) => `src/${file}.ts`);

describe('the project', () => {
  test('every import keeps to the map, without circles, lost, misplaced or overlong files', () => {
    const page = scriptsOf(readFileSync(join(root, 'index.html'), 'utf8'));
    expect(page).toEqual(['src/ui/main.ts']);
    expect(
      complaintsAbout(
        [...read('src'), ...read('tests')],
        [...page, ...libraryFiles, maelstromEntry, 'src/worlds/node/providerCommand.ts'],
      ),
    ).toEqual([]);
  });

  test('the top level holds what it should and nothing else', () => {
    const made = ['node_modules', 'dist'];
    const found = readdirSync(root).filter((name) => !name.startsWith('.') && !made.includes(name));
    expect(found.sort()).toEqual(topLevel);
  });

  test('the map itself has no circle: a room opens only to rooms named before it', () => {
    const rooms = Object.keys(importMap);
    for (const [at, room] of rooms.entries())
      for (const open of [...importMap[room]!.rooms, ...(importMap[room]!.typesOf ?? [])])
        expect(rooms.slice(0, at), `${room} -> ${open}`).toContain(open);
  });
});

describe('the checker complains about', () => {
  /** A small sound project: a page, a protocol with a type, a worker that is started by URL. */
  const sound: Readonly<Record<string, string>> = {
    'src/kernel/env.ts': 'export interface Env { now(): number }',
    'src/bus/link.ts':
      "import type { Env } from '../kernel/env.ts';\nexport const link = (env: Env) => env.now();",
    'src/worlds/live/node.worker.ts': "import { link } from '../../bus/link.ts';\nlink;",
    'src/worlds/live/spawn.ts':
      "export const spawn = () => new Worker(new URL('./node.worker.ts', import.meta.url), { type: 'module' });",
    'src/lab/run.ts': "import { spawn } from '../worlds/live/spawn.ts';\nexport const run = spawn;",
    'src/ui/main.ts': "import App from './App.svelte';\nApp;",
    'src/ui/App.svelte':
      '<script lang="ts">\n  import { run } from \'../lab/run.ts\';\n</script>\n<p>{run}</p>',
  };
  const check = (change: Readonly<Record<string, string>>): string[] =>
    complaintsAbout(
      Object.entries({ ...sound, ...change }).map(([path, text]) => ({ path, text })),
      ['src/ui/main.ts'],
    );

  test('nothing in a sound project', () => {
    expect(check({})).toEqual([]);
  });

  const link = sound['src/bus/link.ts']!;
  const mutants: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'an import of a closed room',
      { 'src/bus/link.ts': `${link}\nimport { run } from '../lab/run.ts';` },
      /bus\/link\.ts may not import src\/lab\/run\.ts/,
    ],
    [
      'a type-only import of a closed room',
      { 'src/bus/link.ts': `${link}\nimport type { run } from '../lab/run.ts';` },
      /may not import src\/lab/,
    ],
    [
      'a type imported in place',
      { 'src/bus/link.ts': `${link}\ntype X = import('../lab/run.ts').X;` },
      /may not import src\/lab/,
    ],
    [
      'a re-export from a closed room',
      { 'src/bus/link.ts': `${link}\nexport * from '../lab/run.ts';` },
      /may not import src\/lab/,
    ],
    [
      'a dynamic import of a closed room',
      { 'src/bus/link.ts': `${link}\nvoid import('../lab/run.ts');` },
      /may not import src\/lab/,
    ],
    [
      'a worker entry started from a room that may not',
      { 'src/lab/run.ts': "export const run = new URL('../worlds/live/node.worker.ts', import.meta.url);" },
      /may not import the worker entry/,
    ],
    [
      'a component that reaches past the lab',
      { 'src/ui/App.svelte': `${sound['src/ui/App.svelte']!}{#await import('../bus/link.ts')}{/await}` },
      /ui\/App\.svelte may not import src\/bus\/link\.ts/,
    ],
    ['a package that is not for the room', { 'src/bus/link.ts': `${link}\nimport 'd3';` }, /the package d3/],
    [
      'a circle of values',
      { 'src/bus/frame.ts': "import './link.ts';", 'src/bus/link.ts': `${link}\nimport './frame.ts';` },
      /circle of imports: src\/bus\/frame\.ts, src\/bus\/link\.ts/,
    ],
    [
      'a circle of types',
      {
        'src/bus/frame.ts': "import type { link } from './link.ts';\nexport type F = typeof link;",
        'src/bus/link.ts': `${link}\nimport type { F } from './frame.ts';`,
      },
      /circle of imports/,
    ],
    ['a lost file', { 'src/bus/lost.ts': 'export const lost = 1;' }, /src\/bus\/lost\.ts is lost/],
    ['an import of nothing', { 'src/bus/link.ts': "import './gone.ts';" }, /gone\.ts, which is not there/],
    [
      'a computed import',
      { 'src/lab/run.ts': 'export const run = import(String(1));' },
      /cannot be followed/,
    ],
    ['a barrel', { 'src/bus/index.ts': "export * from './link.ts';" }, /a barrel file/],
    ['a room for anything', { 'src/util/x.ts': 'export {};' }, /src\/util\/x\.ts: a name that says nothing/],
    ['a file outside of any room', { 'src/loose.ts': 'export {};' }, /src\/loose\.ts belongs to no room/],
    ['a file that does too much', { 'src/bus/link.ts': link + '\n'.repeat(linesMax) }, /lines, more than/],
  ];
  test.each(mutants)('%s', (_name, change, complaint) => {
    expect(check(change).join('\n')).toMatch(complaint);
  });

  test('but lets the scenario read the options of every room, and nothing more of it', () => {
    const scenario = (file: string): Readonly<Record<string, string>> => ({
      'src/bus/options.ts': 'export const busOptions = {};',
      'src/scenario/scenario.ts': `import '../bus/${file}';`,
      'src/lab/run.ts': `${sound['src/lab/run.ts']!}\nimport '../scenario/scenario.ts';`,
    });
    expect(check(scenario('options.ts'))).toEqual([]);
    expect(check(scenario('link.ts')).join('\n')).toMatch(/scenario\.ts may not import src\/bus\/link\.ts/);
  });

  test('but lets the page see types of the metrics, and no values', () => {
    const page = (word: string): Readonly<Record<string, string>> => ({
      'src/metrics/counter.ts': 'export const counter = 1;',
      'src/ui/main.ts': `${sound['src/ui/main.ts']!}\nimport ${word}{ counter } from '../metrics/counter.ts';`,
    });
    expect(check(page('type '))).toEqual([]);
    expect(check(page('')).join('\n')).toMatch(/ui\/main\.ts may not import src\/metrics/);
  });
});

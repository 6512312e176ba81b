import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildLibrary, entries, packageExports } from '../../.ci/library.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Somebody else's project with Treering installed: below node_modules, so that Treering's own dependencies are found. */
const consumer = join(root, 'node_modules', '.cache', 'treering', 'consumer');

function write(path: string, text: string): string {
  const file = join(consumer, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Compiler messages by file, under a strict consumer's options. */
function typeErrors(
  files: readonly string[],
  module: ts.ModuleKind,
  moduleResolution: ts.ModuleResolutionKind,
): string[][] {
  const program = ts.createProgram(files, {
    module,
    moduleResolution,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    strict: true,
    noEmit: true,
    types: [],
  });
  const found = ts.getPreEmitDiagnostics(program);
  return [...files, undefined].map((file) =>
    found
      .filter((d) => (files.includes(d.file?.fileName ?? '') ? d.file?.fileName : undefined) === file)
      .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n')),
  );
}

beforeAll(async () => {
  rmSync(consumer, { recursive: true, force: true });
  write('package.json', '{ "type": "module" }');
  const installed = join(consumer, 'node_modules', 'treering');
  await buildLibrary(join(installed, 'dist', 'lib'));
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
}, 120_000);

describe('the library', () => {
  test('package.json exports every entry, and nothing else', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: unknown };
    expect(exports).toEqual(packageExports());
  });

  test('every entry loads in plain Node and offers what its files export', () => {
    const script = write(
      'names.mjs',
      `const names = {};
       for (const entry of ${JSON.stringify(Object.keys(entries))})
         names[entry] = Object.keys(await import('treering/' + entry));
       console.log(JSON.stringify(names));`,
    );
    const names = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as Record<
      string,
      string[]
    >;
    expect(Object.keys(names)).toEqual(Object.keys(entries));
    expect(names['kernel']).toEqual(expect.arrayContaining(['createRng', 'hash32', 'ok', 'err', 'object']));
  });

  test('the memory of the README runs against the built library as it stands there', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const example = /```js\n(import \{ createMemory \}[\s\S]*?)```/.exec(readme)?.[1];
    expect(example).toBeDefined();
    const script = write('memory.mjs', example!);
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe(
      "[ 'The mill was moved to the hill.' ]\n[ 'The mill was moved to the hill.' ]\ncore: 1, rush: 1\n",
    );
  });

  const program = `
    import { createRng, type Rng } from 'treering/kernel';
    const rng: Rng = createRng('a consumer');
    export const dice: number = rng.int(6) + 1;
  `;
  test.each([
    ['NodeNext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['a bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ] as const)(
    'its types resolve under %s, without looking away from declaration files',
    (_name, module, resolution) => {
      const fine = write('fine.ts', program);
      const wrong = write('wrong.ts', program.replace(': number =', ': string ='));
      const all = write(
        'all.ts',
        Object.keys(entries)
          .map(
            (name, i) =>
              `import type * as e${i} from 'treering/${name}';\nexport type E${i} = keyof typeof e${i};`,
          )
          .join('\n'),
      );
      expect(typeErrors([fine, wrong, all], module, resolution)).toEqual([
        [],
        ["Type 'number' is not assignable to type 'string'."],
        [],
        [],
      ]);
    },
  );
});

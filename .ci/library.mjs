import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cache, root } from './process.mjs';

/**
 * What the library offers: for each entry of package.json's `exports`, the files whose exports are public.
 * The rooms themselves have no barrel files; these entries exist only in the build.
 */
export const entries = {
  kernel: [
    'kernel/assert',
    'kernel/env',
    'kernel/ids',
    'kernel/maths',
    'kernel/result',
    'kernel/rng',
    'kernel/schema',
  ],
  metrics: ['metrics/exposition', 'metrics/histogram', 'metrics/registry'],
  bus: [
    'bus/channel',
    'bus/deadLetters',
    'bus/endpoint',
    'bus/endpointTypes',
    'bus/hlc',
    'bus/ledger',
    'bus/options',
    'bus/wire',
  ],
  memory: [
    ...[
      'memory/agentMemory',
      'memory/agentMemoryTypes',
      'memory/memoryFull',
      'memory/ringMeters',
      'memory/createMemory',
      'memory/memoryEvent',
      'memory/ringPolicy',
      'memory/chunk',
      'memory/chunkCluster',
      'memory/chunkIndex',
      'memory/corpus',
    ],
    ...['memory/directory', 'memory/documents', 'memory/journal'],
    ...['memory/documentTokens'],
    ...['memory/journalWriter', 'memory/knownItems', 'memory/options', 'memory/record', 'memory/sentences'],
    ...['memory/embedding', 'memory/endpointEmbedding', 'memory/exam', 'memory/examData'],
    ...['memory/examMetrics', 'memory/examTypes', 'memory/neuralEmbedding', 'memory/question'],
    ...[
      'memory/recallIndex',
      'memory/recallSpans',
      'memory/recallTypes',
      'memory/staticEmbedding',
      'memory/vectorIndex',
    ],
    ...['memory/vectorTier'],
    ...['memory/rings', 'memory/stem', 'memory/text'],
  ],
  provider: [
    ...['provider/balancer', 'provider/breaker', 'provider/client', 'provider/desk', 'provider/deskViews'],
    ...[
      'provider/endpoints',
      'provider/fairQueue',
      'provider/httpMessage',
      'provider/leasedDesk',
      'provider/limits',
    ],
    ...['provider/options', 'provider/port', 'provider/profile', 'provider/prompt', 'provider/quota'],
    ...['provider/quotaState', 'provider/quotaTypes'],
    ...['provider/cache/answerCache', 'provider/simulated', 'provider/tokenBucket'],
  ],
  scenario: ['scenario/link', 'scenario/runLink', 'scenario/scenario', 'scenario/script'],
  'worlds/virtual': [
    ...['worlds/virtual/clock', 'worlds/virtual/eventLog', 'faults/faultPlan'],
    ...['worlds/virtual/relayGrove', 'worlds/virtual/virtualDisk', 'worlds/virtual/virtualEnv'],
    ...['worlds/virtual/virtualGrove', 'worlds/virtual/virtualNetwork', 'worlds/virtual/virtualWorld'],
    ...['worlds/virtual/wireClone', 'worlds/virtual/stage', 'worlds/virtual/groveStage'],
    ...['worlds/virtual/relayStage', 'worlds/virtual/virtualRun', 'worlds/virtual/player'],
    ...['worlds/virtual/madeText'],
  ],
  lab: [
    ...['lab/grove', 'lab/judge', 'lab/report', 'lab/run', 'lab/virtual'],
    ...['lab/capacityControl', 'lab/capacityLink', 'lab/capacityMarkdown', 'lab/capacityPlan'],
    ...['lab/capacityReport', 'lab/capacityRun', 'lab/capacityStudy', 'lab/capacityVerdict'],
  ],
};

/** An entry's file name: `worlds/virtual` lies in `worlds-virtual.js`. */
const flat = (name) => name.replaceAll('/', '-');

/** The text of an entry: one `export *` for each of its files. */
const entryText = (files, path) => files.map((file) => `export * from '${path(file)}';\n`).join('');

/** Rolls the entries into ES modules that share their common parts. */
async function bundle(out) {
  const { build } = await import('vite');
  const folder = join(cache, 'entries');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const source = (file) => `${relative(folder, join(root, 'src', file)).replaceAll('\\', '/')}.ts`;
  for (const [name, files] of Object.entries(entries))
    writeFileSync(join(folder, `${flat(name)}.js`), entryText(files, source));
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    define: { 'import.meta.env.TREERING_BUILD': JSON.stringify(process.env.TREERING_BUILD ?? 'library') },
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'es2023',
      minify: false,
      lib: {
        entry: Object.fromEntries(
          Object.keys(entries).map((name) => [flat(name), join(folder, `${flat(name)}.js`)]),
        ),
        formats: ['es'],
      },
      rolldownOptions: {
        external: Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`)),
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' },
      },
    },
  });
}

/** Writes the declarations of every file that the entries reach, and one .d.ts an entry. Throws Error on a type error. */
async function declarations(out) {
  const { default: ts } = await import('typescript');
  const types = join(out, 'types');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(
    [...new Set(Object.values(entries).flat())].map((file) => join(root, 'src', `${file}.ts`)),
    {
      ...options,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: join(root, 'src'),
      outDir: types,
    },
  );
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0)
    throw new Error(
      ts.formatDiagnostics(found, {
        getCurrentDirectory: () => root,
        getCanonicalFileName: (name) => name,
        getNewLine: () => '\n',
      }),
    );
  // Consumers resolve `./x.js` to `./x.d.ts` under every module resolution; `./x.ts` only under some.
  for (const name of readdirSync(types, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(types, name);
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g, '$1$2.js$1'),
    );
  }
  for (const [name, files] of Object.entries(entries))
    writeFileSync(
      join(out, `${flat(name)}.d.ts`),
      entryText(files, (file) => `./types/${file}.js`),
    );
}

/** The entries must have one meaning each: `export *` silently drops a name that two files export. */
async function refuseClashes() {
  const { default: ts } = await import('typescript');
  for (const [name, files] of Object.entries(entries)) {
    const owner = new Map();
    for (const file of files) {
      const path = join(root, 'src', `${file}.ts`);
      const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
      for (const exported of exportedNames(ts, source)) {
        const before = owner.get(exported);
        if (before !== undefined)
          throw new Error(
            `${exported} is exported by ${before} and by ${file}: entry ${name} can offer only one.`,
          );
        owner.set(exported, file);
      }
    }
  }
}

/** Names that a file declares as exported; a type and a value of one name count once. */
function exportedNames(ts, source) {
  const names = new Set();
  for (const statement of source.statements) {
    const isExported = statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
    if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    )
      for (const element of statement.exportClause.elements) names.add(element.name.text);
    else if (isExported && ts.isVariableStatement(statement))
      for (const d of statement.declarationList.declarations) names.add(d.name.getText(source));
    else if (isExported && statement.name) names.add(statement.name.text);
  }
  return names;
}

/**
 * Builds an ES module and its types for each entry.
 * @param {string} [out] a folder, emptied first
 */
export async function buildLibrary(out = join(root, 'dist', 'lib')) {
  await refuseClashes();
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await bundle(out);
  await declarations(out);
}

/** What package.json's `exports` must say for these entries. */
export const packageExports = () =>
  Object.fromEntries(
    Object.keys(entries).map((name) => [
      `./${name}`,
      { types: `./dist/lib/${flat(name)}.d.ts`, default: `./dist/lib/${flat(name)}.js` },
    ]),
  );

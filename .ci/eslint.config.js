import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

/** Rooms whose code runs in either world: it takes an Env and ports, and never reaches for the browser itself. */
export const worldless = [
  'kernel',
  'metrics',
  'bus',
  'memory',
  'provider',
  'monitor',
  'agents',
  'replication',
  'fleet',
  'faults',
  'scenario',
  'lab',
  'worlds/maelstrom',
];

/** What those rooms may not name, and what to take instead. */
const instead = {
  Date: 'env.now()',
  performance: 'env.now()',
  setTimeout: 'env.setTimer',
  setInterval: 'env.setTimer',
  setImmediate: 'env.defer',
  queueMicrotask: 'env.defer',
  requestAnimationFrame: 'env.setTimer',
  requestIdleCallback: 'env.setTimer',
  scheduler: 'env.defer',
  BroadcastChannel: 'a channel port',
  MessageChannel: 'a channel port',
  Worker: 'a port of worlds/',
  SharedWorker: 'a port of worlds/',
  indexedDB: 'a store port',
  localStorage: 'a store port',
  sessionStorage: 'a store port',
  caches: 'a store port',
  navigator: 'a port of worlds/',
  fetch: 'a FetchHandler',
  XMLHttpRequest: 'a FetchHandler',
  WebSocket: 'a port of worlds/',
  crypto: 'env.random(name)',
  postMessage: 'a channel port',
  location: 'a parameter',
  document: 'a parameter',
  window: 'a parameter',
  process: 'a parameter',
};
/** Functions whose last digits are the engine's own affair, so that a run would have another hash in another one. */
const inexact = [
  ...['log', 'log1p', 'log2', 'log10', 'exp', 'expm1', 'pow', 'cbrt', 'hypot', 'sin', 'cos', 'tan', 'asin'],
  ...['acos', 'atan', 'atan2', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
];
const roots = ['globalThis', 'self', 'window'];
const message = (use) => `Code of this room runs in the virtual world too: take ${use} instead.`;

export const worldlessRules = {
  'no-restricted-globals': [
    'error',
    ...Object.entries(instead).map(([name, use]) => ({ name, message: message(use) })),
    // Whatever is named through them would slip past the names above.
    ...roots
      .filter((name) => !(name in instead))
      .map((name) => ({ name, message: message('an Env and ports') })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: message('env.random(name)') },
    ...inexact.map((property) => ({ object: 'Math', property, message: message('kernel/maths.ts') })),
    ...roots.flatMap((object) =>
      Object.entries(instead).map(([property, use]) => ({ object, property, message: message(use) })),
    ),
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: "VariableDeclarator[init.name='Math'] Property[key.name='random']",
      message: message('env.random(name)'),
    },
    {
      // Powers of two are exact everywhere.
      selector: "BinaryExpression[operator='**'][left.value!=2]",
      message: message('power of kernel/maths.ts'),
    },
  ],
};

/** What a browser would keep of a message until its next full collection. */
export const liveRules = {
  'no-restricted-syntax': [
    'error',
    ...[
      "MemberExpression[property.name='data'][object.name=/^(event|message)$/]",
      "ObjectPattern[typeAnnotation.typeAnnotation.typeName.name='MessageEvent'] > Property[key.name='data']",
    ].map((selector) => ({ selector, message: 'Take it out of its envelope: takeOut of envelope.ts.' })),
  ],
};

const typeAware = {
  parserOptions: {
    projectService: true,
    tsconfigRootDir: dirname(dirname(fileURLToPath(import.meta.url))),
    extraFileExtensions: ['.svelte'],
  },
};

/** The type checker's word against `any`, for places where what is looked at has no type of its own. */
const untyped = Object.fromEntries(
  ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
    `@typescript-eslint/no-unsafe-${what}`,
    'off',
  ]),
);

const strict = {
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  // Bounds are checked by the loops around them; noUncheckedIndexedAccess would otherwise force dead branches.
  '@typescript-eslint/no-non-null-assertion': 'off',
  '@typescript-eslint/no-confusing-void-expression': [
    'error',
    { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
  ],
  // Texts are looked at by code points on purpose.
  '@typescript-eslint/no-misused-spread': 'off',
  // Behaviours are `async` by contract, even those that have nothing to wait for.
  '@typescript-eslint/require-await': 'off',
  eqeqeq: 'error',
  'no-console': 'error',
};

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'public/', '.cache/', 'test-results/', '.svelte-check/'] },
  {
    files: ['**/*.ts', '**/*.svelte'],
    extends: [...ts.configs.strictTypeChecked],
    languageOptions: { globals: { ...globals.browser, ...globals.worker }, ...typeAware },
    rules: strict,
  },
  ...svelte.configs.recommended.map((config) => ({
    ...config,
    files: config.files ?? ['**/*.svelte', '**/*.svelte.ts'],
  })),
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { ...typeAware.parserOptions, parser: ts.parser },
    },
    rules: {
      // Snapshots are replaced, not changed in place: plain Maps and Sets are what is meant.
      'svelte/prefer-svelte-reactivity': 'off',
      'prefer-const': 'off',
      'svelte/prefer-const': ['error', { excludedRunes: ['$props', '$derived'] }],
      // `void x;` is how an effect says that it depends on x.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  },
  {
    // The linter sees a component's props as any; svelte-check sees their types.
    files: ['**/*.svelte', 'src/ui/main.ts', 'tests/browser/ui/**'],
    rules: untyped,
  },
  { files: worldless.map((room) => `src/${room}/**/*.ts`), rules: worldlessRules },
  { files: ['src/worlds/live/**/*.ts'], ignores: ['src/worlds/live/envelope.ts'], rules: liveRules },
  // The machine's door is hung on the page's window.
  { files: ['src/lab/door.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    // Here, and nowhere else in its room, the Maelstrom node meets Node.
    files: ['src/worlds/maelstrom/main.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['tests/**/*.ts', '.ci/**', 'vite.config.ts'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
  {
    // Tests look into parsed JSON, and name methods only to see whether they were called.
    files: ['tests/**/*.ts'],
    rules: {
      ...untyped,
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off',
    },
  },
  {
    files: ['.ci/**/*.mjs', '.ci/**/*.js'],
    extends: [ts.configs.base],
    languageOptions: { globals: globals.node },
  },
);

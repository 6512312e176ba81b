/** What a room may import, beyond itself. */
export interface RoomRule {
  /** Rooms whose files it may import. */
  readonly rooms: readonly string[];
  /** Rooms of which it may import types only. */
  readonly typesOf?: readonly string[];
  /** Whether it may import the `options.ts` of every room. */
  readonly options?: true;
  /** Whether worker entries (`*.worker.ts`) are closed to it although their room is open. */
  readonly noWorkers?: true;
  /** Packages that it may import. */
  readonly packages?: readonly string[];
}

const protocols = [
  'kernel',
  'metrics',
  'bus',
  'memory',
  'provider',
  'monitor',
  'agents',
  'replication',
  'fleet',
];
const belowWorlds = [...protocols, 'faults', 'scenario'];

/** The rooms of src, from the ground up, and what each may import. */
export const importMap: Readonly<Record<string, RoomRule>> = {
  kernel: { rooms: [] },
  metrics: { rooms: ['kernel'] },
  bus: { rooms: ['kernel', 'metrics'] },
  memory: { rooms: ['kernel', 'metrics'] },
  provider: { rooms: ['kernel', 'metrics'], packages: ['eventsource-parser'] },
  monitor: { rooms: ['kernel', 'metrics'] },
  agents: { rooms: ['kernel', 'metrics', 'bus', 'memory', 'provider'], packages: ['comlink'] },
  replication: { rooms: ['kernel', 'metrics', 'bus', 'memory'] },
  fleet: { rooms: ['kernel', 'metrics', 'bus', 'agents', 'monitor', 'replication'] },
  faults: { rooms: ['kernel', 'bus', 'memory', 'provider'] },
  scenario: { rooms: ['kernel'], options: true },
  'worlds/live': { rooms: belowWorlds, packages: ['comlink', 'idb'] },
  'worlds/virtual': { rooms: belowWorlds, packages: ['comlink'] },
  'worlds/maelstrom': { rooms: ['kernel', 'bus'], packages: ['node:process', 'node:readline'] },
  'worlds/node': {
    rooms: ['kernel', 'metrics', 'provider'],
    packages: ['node:events', 'node:http', 'node:net', 'node:perf_hooks'],
  },
  lab: { rooms: [...belowWorlds, 'worlds/live', 'worlds/virtual'], noWorkers: true, packages: ['comlink'] },
  ui: { rooms: ['lab', 'scenario'], typesOf: ['metrics'], packages: ['svelte', 'd3'] },
};

/** What lies at the top of the project, dot-files and what tools make (node_modules, dist) aside. */
export const topLevel = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'index.html',
  'package-lock.json',
  'package.json',
  'public',
  'src',
  'tests',
  'tsconfig.json',
  'vite.config.ts',
];

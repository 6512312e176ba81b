import { posix } from 'node:path';
import { importMap, type RoomRule } from './import-map.ts';
import { importsOf, type Import } from './imports.ts';

/** A file by its path from the project's top, with forward slashes. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** More lines than this, and a file does too much. */
export const linesMax = 400;

interface Edge extends Import {
  readonly from: string;
  /** The imported file, or null for a package. */
  readonly to: string | null;
}

const isCode = (path: string): boolean => /\.(ts|mjs|js|svelte)$/.test(path);

/** The room of a path, e.g. `worlds/live`; null outside src or where no room is. */
export function roomOf(path: string): string | null {
  const parts = path.split('/');
  if (parts[0] !== 'src' || parts.length < 3) return null;
  return parts[1] === 'worlds' && parts.length > 3 ? `worlds/${parts[2]!}` : parts[1]!;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

/** Why the rule forbids the edge, or null where it does not. */
function forbidden(edge: Edge, rule: RoomRule): string | null {
  if (edge.to === null) {
    const name = packageOf(edge.specifier);
    return rule.packages?.includes(name) === true ? null : `may not import the package ${name}`;
  }
  const from = roomOf(edge.from);
  const to = roomOf(edge.to);
  if (to === from) return null;
  if (to === null) return `may not import ${edge.to}, which is in no room`;
  if (rule.options === true && edge.to === `src/${to}/options.ts`) return null;
  if (edge.kind === 'type' && rule.typesOf?.includes(to) === true) return null;
  if (!rule.rooms.includes(to)) return `may not import ${edge.to}: ${to} is closed to ${from!}`;
  if (rule.noWorkers === true && edge.to.endsWith('.worker.ts'))
    return `may not import the worker entry ${edge.to}`;
  return null;
}

/** The files that each file imports. */
function targets(edges: readonly Edge[]): Map<string, string[]> {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) if (to !== null) next.set(from, [...(next.get(from) ?? []), to]);
  return next;
}

/** Groups of files that import one another in a circle (Tarjan's strongly connected components), dynamic imports included. */
function circles(edges: readonly Edge[]): string[][] {
  // A worker entry starts a thread of its own: no module waits for it.
  const next = targets(edges.filter((e) => e.kind !== 'url'));
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node)!);
    stack.push(node);
    for (const to of next.get(node) ?? [])
      if (!order.has(to)) {
        visit(to);
        low.set(node, Math.min(low.get(node)!, low.get(to)!));
      } else if (stack.includes(to)) low.set(node, Math.min(low.get(node)!, order.get(to)!));
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1 || next.get(node)?.includes(node) === true) found.push(group.sort());
  };
  for (const node of [...next.keys()].sort()) if (!order.has(node)) visit(node);
  return found;
}

/** Files that can be reached from `roots` over imports of any kind. */
function reachable(roots: readonly string[], edges: readonly Edge[]): Set<string> {
  const next = targets(edges);
  const seen = new Set<string>();
  const todo = [...roots];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    todo.push(...(next.get(path) ?? []));
  }
  return seen;
}

/** Complaints about one file alone: its place, its name, its length. */
function aboutPlace({ path, text }: ProjectFile): string[] {
  const room = roomOf(path);
  const complaints: string[] = [];
  if (room === null || !Object.hasOwn(importMap, room)) complaints.push(`${path} belongs to no room`);
  if (/(^|\/)index\.(ts|js|svelte)$/.test(path))
    complaints.push(`${path}: a barrel file hides who needs what`);
  if (/\/(utils?|helpers?|common|misc)(\/|\.)/.test(path))
    complaints.push(`${path}: a name that says nothing about what lives there`);
  const lines = text.split('\n').length;
  if (lines > linesMax) complaints.push(`${path} has ${lines} lines, more than ${linesMax}`);
  return complaints;
}

/**
 * Everything untidy about src: forbidden imports, circles, lost files, misplaced and overlong ones.
 * @param files all of src, tests and whatever else imports from src
 * @param roots paths of src that something other than an import reaches: the page's script, the library's entries
 */
export function complaintsAbout(files: readonly ProjectFile[], roots: readonly string[]): string[] {
  const known = new Set(files.map((f) => f.path));
  const complaints: string[] = [];
  const edges: Edge[] = [];
  for (const { path, text } of files) {
    if (!isCode(path)) continue;
    const { imports, opaque } = importsOf(path, text);
    const inSource = path.startsWith('src/');
    if (inSource)
      for (const what of opaque) complaints.push(`${path} imports what cannot be followed: ${what}`);
    for (const found of imports) {
      const specifier = found.specifier.replace(/\?.*$/, '');
      const to = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
      if (to !== null && to.startsWith('src/') && !known.has(to))
        complaints.push(`${path} imports ${to}, which is not there`);
      // `new URL` of a bare name, or of a folder of assets, is no import of code.
      if (found.kind === 'url' && (to === null || !isCode(to))) continue;
      edges.push({ ...found, specifier, from: path, to });
    }
  }
  for (const file of files) if (file.path.startsWith('src/')) complaints.push(...aboutPlace(file));
  for (const edge of edges) {
    const rule = importMap[roomOf(edge.from) ?? ''];
    const why = rule === undefined ? null : forbidden(edge, rule);
    if (why !== null) complaints.push(`${edge.from} ${why}`);
  }
  for (const group of circles(edges)) complaints.push(`a circle of imports: ${group.join(', ')}`);
  const outside = files.map((f) => f.path).filter((path) => !path.startsWith('src/'));
  const seen = reachable([...roots, ...outside], edges);
  for (const { path } of files)
    if (path.startsWith('src/') && !path.endsWith('.d.ts') && !seen.has(path))
      complaints.push(`${path} is lost: nothing imports it`);
  return complaints;
}

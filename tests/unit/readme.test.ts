import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../src/scenario/scenario.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const readme = read('README.md');

/** Every leaf of a value by its path; arrays are leaves. */
function leaves(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? leaves(inner, `${path}${key}.`)
      : [[`${path}${key}`, inner] as [string, unknown]],
  );
}

describe('the README', () => {
  test('lists every key of a scenario with its true default', () => {
    const defaults = parseScenario({});
    if (!defaults.ok) throw new Error(defaults.error.join('\n'));
    const rows = new Map(
      [...readme.matchAll(/^\| `([a-zA-Z.]+)` +\| `([^`]+)` +\|/gm)].map((m) => [
        m[1]!,
        JSON.parse(m[2]!) as unknown,
      ]),
    );
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(leaves(defaults.value)));
  });

  test('shows a scenario that is valid', () => {
    const json = /```json\n([^`]+)```/.exec(readme)![1]!;
    const parsed = parseScenario(JSON.parse(json));
    expect(parsed.ok ? [] : parsed.error).toEqual([]);
  });

  test('names only commands and files that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name] of readme.matchAll(/npm run ([a-z]+)/g)) expect(scripts).toHaveProperty(name!);
    const links = [...readme.matchAll(/\]\(([^):]+)\)/g)].map((m) => m[1]!);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(existsSync(new URL(`../../${link}`, import.meta.url)), link).toBe(true);
  });
});

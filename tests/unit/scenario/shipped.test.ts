import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../../src/scenario/scenario.ts';

const folder = new URL('../../../public/scenarios/', import.meta.url);
const shipped = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, unknown>;

describe('the shipped scenarios', () => {
  test('are those that the page, the perf suite and the README name', () => {
    expect(shipped.sort()).toEqual(
      ['bus-chaos', 'bus-storm', 'first-minute', 'killings', 'quota-saturation', 'thousand'].map(
        (name) => `${name}.json`,
      ),
    );
  });

  test.each(shipped)('%s is valid and named as its file', (name) => {
    const parsed = parseScenario(read(name));
    expect(parsed.ok ? [] : parsed.error).toEqual([]);
    expect(read(name)['name']).toBe(name.replace('.json', ''));
  });

  test.each(shipped)('%s with a key that nobody knows is refused with its path', (name) => {
    const agents = read(name)['agents'] as object;
    const parsed = parseScenario({ ...read(name), agents: { ...agents, cuont: 5 } });
    expect(parsed.ok ? '' : parsed.error.join()).toMatch(/^agents\.cuont is not a known key .*got 5$/);
  });

  test.each(shipped)(
    '%s judges loss, duplication and order of messages, and what crash memory lost',
    (name) => {
      const signs = (read(name)['thresholds'] as { sign: string }[]).map((t) => t.sign);
      expect(signs).toEqual(
        expect.arrayContaining(['delivery.lost', 'delivery.duplicated', 'delivery.misordered', 'crash.lost']),
      );
    },
  );
});

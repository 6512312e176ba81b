import { describe, expect, it } from 'vitest';
import { linkOf, scenarioFromUrl } from '../../../src/scenario/link.ts';
import { parseScenario, type Scenario } from '../../../src/scenario/scenario.ts';

const scenario = (value: unknown): Scenario => {
  const r = parseScenario(value);
  if (!r.ok) throw new Error(r.error.join('; '));
  return r.value;
};
const page = 'https://example.org/some/where/?perf#old';

describe('a scenario in a link', () => {
  it('comes back as it went in', () => {
    const given = scenario({
      name: 'mine & yours #1',
      agents: { count: 12, pool: 3 },
      fleet: { regions: ['one', 'two'] },
      thresholds: [{ sign: 'delivery.lost', is: '=', bar: 0 }],
    });
    expect(scenarioFromUrl(linkOf(given, page))).toEqual({ ok: true, value: given });
  });

  it('is short: what is as by default does not ride along', () => {
    expect(linkOf(scenario({ agents: { count: 12 } }), page)).toBe(
      `https://example.org/some/where/?perf#scenario=${encodeURIComponent('{"agents":{"count":12}}')}`,
    );
  });

  it('is refused with its path when a key is unknown or a value out of range', () => {
    const url = `${page.split('#')[0]}#scenario=${encodeURIComponent('{"agents":{"cuont":12,"count":200000}}')}`;
    const r = scenarioFromUrl(url);
    expect(r?.ok).toBe(false);
    const text = r?.ok === false ? r.error.join('\n') : '';
    expect(text).toContain('agents.cuont');
    expect(text).toContain('agents.count must be a whole number from 1 to 100000, got 200000');
  });

  it('is refused with a sentence when it is no JSON', () => {
    expect(scenarioFromUrl('https://example.org/#scenario=%7Bnope')?.ok).toBe(false);
  });

  it('is null where a URL carries none', () => {
    expect(scenarioFromUrl(page)).toBe(null);
  });
});

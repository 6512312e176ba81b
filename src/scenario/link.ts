import { err, type Result } from '../kernel/result.ts';
import { parseScenario, scenarioSchema, type Scenario } from './scenario.ts';

/** The part of the URL in which a scenario rides: `#scenario=<URI-encoded JSON of what differs from the defaults>`. */
const KEY = 'scenario';

/** What of `value` differs from `standard`; undefined when nothing does. */
export function difference(value: unknown, standard: unknown): unknown {
  if (JSON.stringify(value) === JSON.stringify(standard)) return undefined;
  const plain = (v: unknown): v is Record<string, unknown> =>
    typeof v === 'object' && v !== null && !Array.isArray(v);
  if (!plain(value) || !plain(standard)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) => {
      const d = difference(v, standard[key]);
      return d === undefined ? [] : [[key, d]];
    }),
  );
}

/** A URL for that scenario: `page` (without its fragment) with what differs from the defaults behind it. */
export function linkOf(scenario: Scenario, page: string): string {
  const standard = scenarioSchema.parse({});
  const rest = difference(scenario, standard.ok ? standard.value : {}) ?? {};
  return `${page.split('#')[0]}#${KEY}=${encodeURIComponent(JSON.stringify(rest))}`;
}

/** The scenario that a URL carries: null when it carries none, the sentences when it cannot be read. */
export function scenarioFromUrl(url: string): Result<Scenario, readonly string[]> | null {
  const fragment = url.split('#')[1] ?? '';
  const text = new URLSearchParams(fragment).get(KEY);
  if (text === null) return null;
  try {
    return parseScenario(JSON.parse(text));
  } catch (e) {
    return err([`the link's scenario is not JSON: ${String(e)}`]);
  }
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../../src/kernel/rng.ts';
import { otherBuild, runFromUrl, runLinkOf } from '../../../src/scenario/runLink.ts';
import { parseScript, type RunInput, type RunScript } from '../../../src/scenario/script.ts';

const script = (value: object): RunScript => {
  const r = parseScript({ scenario: {}, ...value });
  if (!r.ok) throw new Error(r.error.join('; '));
  return r.value;
};
const page = 'https://example.org/some/where/?perf';
const build = '0.1.0+abcdef';
const link = (value: object, tick: number | null = null): string =>
  runLinkOf({ script: script(value), build, tick }, page);
const refusal = (url: string): string => {
  const r = runFromUrl(url);
  return r?.ok === false ? r.error.join('\n') : '';
};
/** A link with that JSON in it, whatever it is, and a check that fits. */
const forged = (change: (json: Record<string, unknown>) => unknown): string => {
  const [, text] = /#run=1\.([^.]+)/.exec(link({}))!;
  const json = JSON.parse(Buffer.from(text!, 'base64url').toString()) as Record<string, unknown>;
  const packed = Buffer.from(JSON.stringify(change(json))).toString('base64url');
  return `${page}#run=1.${packed}.${hash32(packed).toString(36)}`;
};

const node = fc.nat(1_000);
const forMs = fc.integer({ min: 1, max: 600_000 });
const chance = fc.double({ min: 0, max: 1, noNaN: true }).map((x) => (x === 0 ? 0 : x));
const tick = fc.nat(1e9);
const input: fc.Arbitrary<RunInput> = fc.oneof(
  fc.record({ tick, type: fc.constant('kill' as const), node }),
  fc.record({ tick, type: fc.constant('pause' as const), node, forMs }),
  fc.record({
    tick,
    type: fc.constant('link' as const),
    from: node,
    to: node,
    loss: chance,
    delayMs: fc.nat(60_000),
    forMs,
  }),
  fc.record({
    tick,
    type: fc.constant('provider' as const),
    slowdown: fc.integer({ min: 1, max: 1_000 }),
    failing: chance,
    forMs,
  }),
  fc.record({
    tick,
    type: fc.constant('ask' as const),
    question: fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }),
  }),
  fc.record({ tick, type: fc.constant('rate' as const), perS: fc.nat(10_000) }),
);

describe('a run in a link', () => {
  it('comes back as it went in, whatever was done in it and wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 12 }),
        fc.option(fc.nat()),
        fc.string({ minLength: 1, maxLength: 100 }),
        fc.constantFrom('built-in', 'made'),
        (inputs, at, seed, text) => {
          inputs.sort((a, b) => a.tick - b.tick);
          const given = script({ scenario: { name: 'é & #1', seed, faults: { on: 'relay' } }, text, inputs });
          const r = runFromUrl(runLinkOf({ script: given, build, tick: at }, page));
          expect(r).toEqual({ ok: true, value: { script: given, build, tick: at } });
        },
      ),
    );
  });

  it('carries a plan of faults that no seed would draw', () => {
    const plan = {
      weather: { loss: 0.1, duplication: 0, reordering: 0, reorderMs: 0, delayMs: 0.25, jitterMs: 0.25 },
      faults: [
        { atMs: 5, type: 'clock', node: 1, jumpMs: 3, rate: 1.0001 },
        { atMs: 6, type: 'disk', forMs: 3 },
        { atMs: 10, type: 'kill', node: 1, downMs: 0, zombieMs: 3 },
        { atMs: 20, type: 'partition', nodes: [0, 2], forMs: 0 },
        { atMs: 30, type: 'power cut', downMs: 5 },
      ],
      clockRates: [1, 1.001],
    };
    const r = runFromUrl(link({ plan }));
    expect(r?.ok && r.value.script.plan).toEqual(plan);
  });

  it('is short', () => {
    expect(link({ scenario: { seed: 'bus-chaos-17' } }).length).toBeLessThan(140);
  });

  it('is refused when any letter of it was changed or lost', () => {
    const url = link({ scenario: { seed: 'x' }, inputs: [{ tick: 5, type: 'kill', node: 3 }] });
    const from = url.indexOf('#run=') + 5;
    fc.assert(
      fc.property(
        fc.integer({ min: from, max: url.length - 1 }),
        fc.constantFrom('', 'A', '.', 'z', '%'),
        (i, put) => {
          const changed = url.slice(0, i) + put + url.slice(i + 1);
          fc.pre(changed !== url);
          expect(refusal(changed)).not.toBe('');
        },
      ),
    );
    expect(refusal(url.slice(0, -5))).toContain('The link is damaged');
    expect(refusal(`${page}#run=`)).toContain('The link is damaged');
  });

  it('of a later format says so', () => {
    expect(refusal(`${page}#run=2.abc.def`)).toContain('made by a newer Treering');
  });

  it.each([
    ['a key that nobody knows', (j: object) => ({ ...j, zz: 1 }), 'zz is not a known key'],
    [
      'a key of the scenario',
      (j: object) => ({ ...j, s: { agents: { cuont: 5 } } }),
      'scenario.agents.cuont is not a known key',
    ],
    [
      'an input of no kind',
      (j: object) => ({ ...j, i: [[4, 'melt', 1]] }),
      'inputs[0].type must be one of kill',
    ],
    [
      'an input with too much',
      (j: object) => ({ ...j, i: [[4, 'kill', 1, 9]] }),
      'value 4 is not a known key',
    ],
    ['an input with too little', (j: object) => ({ ...j, i: [[4, 'kill']] }), 'inputs[0].node is required'],
    [
      'inputs out of order',
      (j: object) => ({
        ...j,
        i: [
          [4, 'kill', 1],
          [3, 'kill', 1],
        ],
      }),
      'inputs[1].tick must not be before',
    ],
    [
      'a plan for a node that is not there',
      (j: object) => ({
        ...j,
        s: { agents: { count: 2 } },
        p: {
          weather: { loss: 0, duplication: 0, reordering: 0, reorderMs: 0, delayMs: 0, jitterMs: 0 },
          faults: [{ type: 'pause', atMs: 1, node: 3, forMs: 1 }],
          clockRates: [],
        },
      }),
      'plan.faults[0].node must be a node from 0 to 2, got 3',
    ],
    ['no build', () => ({ s: {} }), 'b is required'],
    ['no object', () => [], 'must be an object'],
  ])('with %s is refused with its path', (_what, change, sentence) => {
    expect(refusal(forged(change as (j: Record<string, unknown>) => unknown))).toContain(sentence);
  });

  it('is null where a URL carries none', () => {
    expect(runFromUrl(page)).toBe(null);
  });

  it('of another build is told so, with both and with what to do', () => {
    expect(otherBuild(build, build)).toBe(null);
    expect(otherBuild('0.1.0+aaa', '0.1.0+bbb')).toMatch(
      /made by build 0\.1\.0\+aaa.*is build 0\.1\.0\+bbb.*run it here/,
    );
  });
});

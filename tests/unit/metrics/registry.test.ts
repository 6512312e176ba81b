import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExposition } from '../../harness/prometheusParser.ts';
import { expose } from '../../../src/metrics/exposition.ts';
import { createRegistry, mergeStates } from '../../../src/metrics/registry.ts';

test('the same name and labels yield the same metric, whatever the order of the labels', () => {
  const registry = createRegistry();
  registry.counter('asked_total', 'Questions.', { node: '1', agent: 'a' }).inc();
  registry.counter('asked_total', 'Questions.', { agent: 'a', node: '1' }).inc(2);
  expect(registry.counter('asked_total', 'Questions.', { node: '1', agent: 'a' }).value).toBe(3);
});

test('names that Prometheus refuses, and names used twice for different things, are refused', () => {
  const registry = createRegistry();
  registry.gauge('depth', 'Depth.');
  for (const name of ['', '1st', 'a-b', 'ä']) expect(() => registry.counter(name, 'x')).toThrow(RangeError);
  for (const label of ['', '__name', 'a-b'])
    expect(() => registry.gauge('g', 'x', { [label]: '1' })).toThrow(RangeError);
  expect(() => registry.histogram('h', 'x', 1, { le: '1' })).toThrow(RangeError);
  expect(() => registry.counter('depth', 'Depth.')).toThrow(RangeError);
  expect(() => registry.gauge('depth', 'Another help.')).toThrow(RangeError);
  expect(() => registry.counter('c', 'x').inc(-1)).toThrow(RangeError);
});

test('an exposition keeps the rules of the format and gives every value back, whatever the labels and help say', () => {
  const nasty = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'n', '{', '}', ',', '=', 'é', ' ') });
  const values = fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(nasty, nasty, values, fc.double({ noNaN: true }), (help, label, recorded, level) => {
      const registry = createRegistry();
      registry.counter('asked', help, { who: label }).inc(41.5);
      registry.gauge('level', help).set(level);
      const histogram = registry.histogram('latency_ms', help, 0.001, { who: label });
      for (const v of recorded) histogram.record(v);
      const [asked, gauge, latency] = parseExposition(expose(registry.state()));
      expect(asked).toMatchObject({ name: 'asked_total', type: 'counter', help });
      expect(asked!.samples).toEqual([{ name: 'asked_total', labels: { who: label }, value: 41.5 }]);
      expect(gauge!.samples[0]!.value + 0).toBe(level + 0);
      expect(latency!.samples.find((s) => s.name.endsWith('_count'))!.value).toBe(recorded.length);
      expect(latency!.samples.find((s) => s.name.endsWith('_sum'))!.value).toBe(histogram.sum);
      for (const s of latency!.samples) expect(s.labels['who']).toBe(label);
    }),
  );
});

test('an empty registry exposes nothing', () => {
  expect(expose(createRegistry().state())).toBe('');
});

test('merged states count what all nodes counted, and keep apart what is labelled apart', () => {
  const states = [1, 2, 3].map((node) => {
    const registry = createRegistry();
    registry.counter('sent_total', 'Sent.').inc(node);
    registry.gauge('agents', 'Agents.', { node: String(node) }).set(node);
    registry.histogram('ms', 'Latency.', 1).record(node * 10);
    return structuredClone(registry.state());
  });
  const merged = mergeStates(states);
  const families = parseExposition(expose(merged));
  expect(families.find((f) => f.name === 'sent_total')!.samples[0]!.value).toBe(6);
  expect(families.find((f) => f.name === 'agents')!.samples.map((s) => s.value)).toEqual([1, 2, 3]);
  expect(families.find((f) => f.name === 'ms')!.samples.at(-1)!.value).toBe(3);
  const other = createRegistry();
  other.gauge('sent_total', 'Sent.');
  expect(() => mergeStates([...states, other.state()])).toThrow(RangeError);
});

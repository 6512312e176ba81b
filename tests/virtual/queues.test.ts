import { describe, expect, test } from 'vitest';
import busChaos from '../../public/scenarios/bus-chaos.json';
import type { ChannelPort } from '../../src/bus/channel.ts';
import { runRelay } from '../harness/relayRun.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

/** Windows so small that they close all the time. */
const narrow = { ...busChaos, load: { questionsPerS: 40 }, bus: { windowMessages: 16 } };

/** Receivers that seem to have room for any number of messages. */
const boundless = (inner: ChannelPort): ChannelPort => {
  const widen = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(widen);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, v]) => {
        if (key === 'messages') return [key, v];
        return [key, key === 'window' || key === 'credit' ? 1_000_000 : widen(v)];
      }),
    );
  };
  return { open: (name, receive) => inner.open(name, (frame) => receive(widen(frame))) };
};

describe('mailboxes, outboxes and what comes early keep to their bounds', () => {
  test.each([1, 2, 3])('seed narrow %i', async (i) => {
    const { violations, facts } = await runRelay(scenarioFrom(narrow, `narrow ${i}`));
    expect(violations).toEqual([]);
    // The bound was reached, so that it was one.
    expect(facts['mailboxMax']).toBe(16);
  });

  test('and a sender that ignores its window is noticed', async () => {
    const { violations } = await runRelay(scenarioFrom(narrow, 'narrow 1'), undefined, {
      channels: boundless,
    });
    expect(violations.join('\n')).toMatch(/goes beyond what was accepted|the mailbox holds/);
  });
});

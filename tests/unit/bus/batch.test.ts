import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, readMessages } from '../../../src/bus/batch.ts';
import type { Message } from '../../../src/bus/wire.ts';

const address = fc.oneof(fc.constantFrom('a1', 'a2', 'gate'), fc.string());
const message: fc.Arbitrary<Message> = fc
  .record(
    {
      from: address,
      to: address,
      kind: address,
      body: fc.jsonValue(),
      deadlineAtMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((ms) => ms + 0),
      request: fc.string(),
      reply: fc.string(),
      topic: fc.string(),
      hlc: fc.maxSafeNat(),
    },
    { requiredKeys: ['from', 'to', 'kind', 'body', 'hlc'], noNullPrototype: true },
  )
  // As nodes make them: the stamp comes last.
  .map(({ hlc, ...m }) => ({ ...m, hlc }));

const columns = pack(
  Array.from({ length: 9 }, (_, i) => ({ from: 'a', to: 'b', kind: 'k', body: i, hlc: 7, request: 'r' })),
);

describe('a batch by columns', () => {
  test('says what it said as messages, copied by structured clone or by JSON', () =>
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
        const packed = pack(messages);
        const copies = [structuredClone(packed), JSON.parse(JSON.stringify(packed)) as unknown];
        // Texts, so that the order of keys counts: a log is compared by them.
        for (const copy of copies) expect(JSON.stringify(readMessages(copy))).toBe(JSON.stringify(messages));
      }),
    ));

  test.each<[string, object]>([
    ['a column that is missing', { ...columns, bodies: undefined }],
    ['a column that is too short', { ...columns, stamps: columns.stamps.slice(1) }],
    ['a text that is none', { ...columns, texts: ['a', 'b', 5] }],
    ['a place beyond the texts', { ...columns, routes: columns.routes.replace(/.$/, '\u0009') }],
    ['a stamp below zero', { ...columns, stamps: columns.stamps.map(() => -1) }],
    ['a stamp that is none', { ...columns, stamps: columns.stamps.map(() => '1') }],
    ['a request that is none', { ...columns, rest: columns.rest!.map(() => ({ request: 1 })) }],
    ['a sender in the wrong place', { ...columns, rest: columns.rest!.map(() => ({ from: null })) }],
    ['a rest that is none', { ...columns, rest: columns.rest!.map(() => 3) }],
    ['a rest for some', { ...columns, rest: [null] }],
  ])('is refused with %s', (_what, broken) => expect(readMessages(broken)).toBe('message'));

  test('whatever arrives is read or refused, and nothing that is read is no message', () =>
    fc.assert(
      fc.property(
        fc.anything(),
        fc.constantFrom('texts', 'routes', 'stamps', 'bodies', 'rest'),
        (noise, key) => {
          for (const read of [readMessages(noise), readMessages({ ...columns, [key]: noise })])
            if (typeof read !== 'string')
              for (const m of read)
                expect([typeof m.from, typeof m.to, typeof m.kind, Number.isSafeInteger(m.hlc)]).toEqual([
                  'string',
                  'string',
                  'string',
                  true,
                ]);
        },
      ),
    ));
});

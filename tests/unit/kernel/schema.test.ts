import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  array,
  boolean,
  describeIssue,
  integer,
  number,
  object,
  oneOf,
  optional,
  section,
  string,
  withDefault,
} from '../../../src/kernel/schema.ts';

const person = object({
  name: string(1, 10),
  age: integer(0, 150),
  mood: withDefault(oneOf('calm', 'stormy'), 'calm'),
  nick: optional(string(1, 5)),
});

describe('a schema', () => {
  test('accepts what keeps its rules, and gives it back unchanged', () => {
    const people = fc.record({
      name: fc.string({ minLength: 1, maxLength: 10 }),
      age: fc.integer({ min: 0, max: 150 }),
      mood: fc.constantFrom('calm', 'stormy'),
    });
    fc.assert(
      fc.property(people, (value) => {
        expect(person.parse(value)).toEqual({ ok: true, value });
      }),
    );
  });

  test('answers any value at all with a result, never by throwing', () => {
    const all = object({ a: number(), b: array(boolean()), c: section({ d: withDefault(integer(), 1) }) });
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        const r = all.parse(value);
        expect(r.ok || r.error.length > 0).toBe(true);
      }),
    );
  });

  test('describes a value that JSON cannot hold by its type', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const issue = (value: unknown): string => {
      const r = number().parse(value);
      return r.ok ? '' : describeIssue(r.error[0]!);
    };
    expect([circle, 1n, undefined, () => 1].map(issue)).toEqual(
      ['object', 'bigint', 'undefined', 'function'].map((type) => `value must be a number, got ${type}`),
    );
  });

  test('fills defaults in, and leaves out what is optional', () => {
    expect(person.parse({ name: 'Ada', age: 36 })).toEqual({
      ok: true,
      value: { name: 'Ada', age: 36, mood: 'calm' },
    });
  });

  test('names path, rule and value of every issue at once', () => {
    const grove = object({ people: array(person, 1, 3) });
    const r = grove.parse({ people: [{ name: '', age: 1.5, mood: 'odd', extra: NaN }], more: 1 });
    expect(r.ok ? [] : r.error.map(describeIssue)).toEqual([
      'more is not a known key (known: people), got 1',
      'people[0].extra is not a known key (known: name, age, mood, nick), got NaN',
      'people[0].name must be a string of 1 to 10 characters, got ""',
      'people[0].age must be a whole number from 0 to 150, got 1.5',
      'people[0].mood must be one of calm, stormy, got "odd"',
    ]);
  });

  test('says so where a key without a default is missing', () => {
    const r = person.parse({ age: 1 });
    expect(r.ok ? [] : r.error.map(describeIssue)).toEqual(['name is required, got undefined']);
  });

  test.each([NaN, Infinity, -Infinity, '1', null, true])('%s is no number', (value) => {
    expect(number().parse(value).ok).toBe(false);
  });

  test.each([0.5, 2 ** 53, -1, 11])('%s is no whole number from 0 to 10', (value) => {
    expect(integer(0, 10).parse(value).ok).toBe(false);
  });

  test('inherited names are unknown keys, and no way into the prototype', () => {
    const r = person.parse(JSON.parse('{"name":"Ada","age":1,"__proto__":{"x":1},"toString":2}'));
    expect(r.ok ? [] : r.error.map((i) => i.path)).toEqual(['__proto__', 'toString']);
  });

  test('each parse gets a default of its own', () => {
    const s = object({ list: withDefault(array(integer()), [1]) });
    const [a, b] = [s.parse({}), s.parse({})];
    expect(a.ok && b.ok && a.value.list !== b.value.list).toBe(true);
  });

  test('a section whose key has no default is a mistake of the programmer', () => {
    expect(() => section({ a: integer() })).toThrow(RangeError);
  });
});

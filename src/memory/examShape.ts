/** A value of a data set has not the shape it should have: the message says where. Thrown by readers, caught by `readExam`. */
export class Malformed extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'an array'
        : `a ${typeof value}`;

/** The object at `path`. Throws Malformed for anything else, as do the other readers here. */
export function objectAt(value: unknown, path: string): Fields {
  if (!isObject(value)) throw new Malformed(`${path} should be an object but is ${kindOf(value)}`);
  return value;
}

export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${path} should be an array but is ${kindOf(value)}`);
  return value;
}

/** Text, or a number as text: ids come as either. */
export function textAt(value: unknown, path: string): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new Malformed(`${path} should be text but is ${kindOf(value)}`);
  return value;
}

import { err, ok, type Result } from './result.ts';

/** What is wrong with a value: where, which rule it breaks, and what was found. */
export interface SchemaIssue {
  /** e.g. `provider.limits.requestsPerMinute`; empty for the value itself. */
  readonly path: string;
  /** e.g. `must be a whole number from 1 to 1000`. */
  readonly rule: string;
  /** The offending value, shortened, as JSON. */
  readonly value: string;
}

/** Checks an unknown value, fills defaults, and returns the typed value or every issue found. */
export interface Schema<T> {
  parse(value: unknown, path?: string): Result<T, readonly SchemaIssue[]>;
  /** Present where a missing key stands for this value. */
  readonly fallback?: () => T;
  /** Present where the key may be missing altogether. */
  readonly optional?: true;
}

/** The type that a schema yields. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

function show(value: unknown): string {
  let text: string | undefined;
  try {
    // JSON would call NaN null.
    text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  } catch {
    // A circle or a BigInt has no JSON form.
  }
  text ??= typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** One sentence an issue: path, rule and value. */
export function describeIssue(issue: SchemaIssue): string {
  return `${issue.path === '' ? 'value' : issue.path} ${issue.rule}, got ${issue.value}`;
}

function rule<T>(text: string, test: (value: unknown) => value is T): Schema<T> {
  return {
    parse: (value, path = '') => (test(value) ? ok(value) : err([{ path, rule: text, value: show(value) }])),
  };
}

/** A finite number in [min, max]. */
export function number(min = -Infinity, max = Infinity): Schema<number> {
  const range = min === -Infinity && max === Infinity ? '' : ` from ${min} to ${max}`;
  return rule(
    `must be a number${range}`,
    (v): v is number => typeof v === 'number' && Number.isFinite(v) && v >= min && v <= max,
  );
}

/** A whole number in [min, max]. */
export function integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Schema<number> {
  return rule(
    `must be a whole number from ${min} to ${max}`,
    (v): v is number => Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max,
  );
}

/** A string of min to max UTF-16 code units. */
export function string(min = 0, max = 10_000): Schema<string> {
  return rule(
    `must be a string of ${min} to ${max} characters`,
    (v): v is string => typeof v === 'string' && v.length >= min && v.length <= max,
  );
}

export function boolean(): Schema<boolean> {
  return rule('must be true or false', (v): v is boolean => typeof v === 'boolean');
}

/** One of the given strings. */
export function oneOf<const T extends string>(...choices: readonly T[]): Schema<T> {
  return rule(`must be one of ${choices.join(', ')}`, (v): v is T => choices.includes(v as T));
}

/** An array of `item`s, min to max long. */
export function array<T>(item: Schema<T>, min = 0, max = 100_000): Schema<T[]> {
  return {
    parse(value, path = '') {
      if (!Array.isArray(value) || value.length < min || value.length > max)
        return err([{ path, rule: `must be an array of ${min} to ${max} items`, value: show(value) }]);
      const out: T[] = [];
      const issues: SchemaIssue[] = [];
      value.forEach((v: unknown, i) => {
        const r = item.parse(v, `${path}[${i}]`);
        if (r.ok) out.push(r.value);
        else issues.push(...r.error);
      });
      return issues.length > 0 ? err(issues) : ok(out);
    },
  };
}

/** `inner`, with `value` where the key is missing. */
export function withDefault<T>(inner: Schema<T>, value: T): Schema<T> {
  return { parse: (v, path) => inner.parse(v, path), fallback: () => structuredClone(value) };
}

/** `inner`, or no key at all. */
export function optional<T>(inner: Schema<T>): Schema<T | undefined> {
  return { parse: (v, path) => inner.parse(v, path), optional: true };
}

type Shape = Readonly<Record<string, Schema<unknown>>>;
type OptionalKeys<S extends Shape> = {
  [K in keyof S]: undefined extends Infer<S[K]> ? K : never;
}[keyof S];
/** What an object schema of that shape yields. */
export type InferShape<S extends Shape> = {
  [K in Exclude<keyof S, OptionalKeys<S>>]: Infer<S[K]>;
} & { [K in OptionalKeys<S>]?: Exclude<Infer<S[K]>, undefined> };

/** An object of exactly these keys; unknown keys are refused. A key whose schema has a default may be missing. */
export function object<const S extends Shape>(shape: S): Schema<InferShape<S>> {
  return {
    parse(value, path = '') {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return err([{ path, rule: 'must be an object', value: show(value) }]);
      const given = value as Record<string, unknown>;
      const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
      const issues: SchemaIssue[] = [];
      const out: Record<string, unknown> = {};
      for (const key of Object.keys(given))
        if (!Object.hasOwn(shape, key))
          issues.push({
            path: at(key),
            rule: `is not a known key (known: ${Object.keys(shape).join(', ')})`,
            value: show(given[key]),
          });
      for (const [key, schema] of Object.entries(shape)) {
        if (given[key] === undefined) {
          if (schema.fallback) out[key] = schema.fallback();
          else if (!schema.optional) issues.push({ path: at(key), rule: 'is required', value: 'undefined' });
          continue;
        }
        const r = schema.parse(given[key], at(key));
        if (r.ok) out[key] = r.value;
        else issues.push(...r.error);
      }
      return issues.length > 0 ? err(issues) : ok(out as InferShape<S>);
    },
  };
}

/** An object schema whose every key has a default, made default itself. Throws RangeError if a key has none. */
export function section<const S extends Shape>(shape: S): Schema<InferShape<S>> {
  const inner = object(shape);
  const whole = inner.parse({});
  if (!whole.ok) throw new RangeError(`section: ${whole.error.map(describeIssue).join('; ')}`);
  return withDefault(inner, whole.value);
}

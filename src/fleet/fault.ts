import { err, ok, type Result } from '../kernel/result.ts';
import { array, describeIssue, integer, number, object, oneOf, type Schema } from '../kernel/schema.ts';
import type { Fault } from './views.ts';

const node = integer(0, 1_000);
const forMs = integer(1, 600_000);
const chance = number(0, 1);
const schemas: { readonly [T in Fault['type']]: Schema<Fault> } = {
  kill: object({ type: oneOf('kill'), node }),
  pause: object({ type: oneOf('pause'), node, forMs }),
  link: object({
    type: oneOf('link'),
    from: node,
    to: node,
    loss: chance,
    delayMs: integer(0, 60_000),
    forMs,
  }),
  partition: object({ type: oneOf('partition'), nodes: array(node, 1, 1_001), forMs }),
  provider: object({ type: oneOf('provider'), slowdown: number(1, 1_000), failing: chance, forMs }),
};
const typeOnly = oneOf('kill', 'pause', 'link', 'partition', 'provider');

/** A fault from anything; the error says path, rule and value. */
export function parseFault(value: unknown): Result<Fault, string> {
  const type = typeOnly.parse((value as { type?: unknown } | null)?.type, 'type');
  const parsed = type.ok ? schemas[type.value].parse(value) : type;
  return parsed.ok ? ok(parsed.value) : err(parsed.error.map(describeIssue).join('; '));
}

import { describeIssue, integer, object, optional, string, type Schema } from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { difference } from './link.ts';
import { scenarioSchema } from './scenario.ts';
import { packInput, parseScript, unpackInput, type RunScript } from './script.ts';
import { sealedIn, sealInto, unseal, type Seal } from './sealedText.ts';

/** The part of the URL in which a run of the virtual world rides. */
const SEAL: Seal = { key: 'run', version: 1 };

/** What a link says: what to run, with which build, and at which tick to stop; null: from its start. */
export interface RunLink {
  readonly script: RunScript;
  readonly build: string;
  readonly tick: number | null;
}

const anything: Schema<unknown> = { parse: (value) => ok(value) };
/** The keys of the JSON, short as they are sent. */
const envelope = object({
  b: string(1, 100),
  s: optional(anything),
  t: optional(anything),
  i: optional(anything),
  p: optional(anything),
  at: optional(integer(0)),
});

/** A URL that opens this very run: `page` (without its fragment) with all that decides it behind. */
export function runLinkOf({ script, build, tick }: RunLink, page: string): string {
  const standard = scenarioSchema.parse({});
  return sealInto(page, SEAL, {
    b: build,
    s: difference(script.scenario, standard.ok ? standard.value : {}),
    ...(script.text === 'built-in' ? {} : { t: script.text }),
    ...(script.inputs.length === 0 ? {} : { i: script.inputs.map(packInput) }),
    ...(script.plan === undefined ? {} : { p: script.plan }),
    ...(tick === null ? {} : { at: tick }),
  });
}

/** The run that a URL carries: null when it carries none, the sentences when it cannot be read. */
export function runFromUrl(url: string): Result<RunLink, readonly string[]> | null {
  const sealed = sealedIn(url, SEAL);
  if (sealed === null) return null;
  const json = unseal(sealed, SEAL);
  if (!json.ok) return json;
  const outer = envelope.parse(json.value);
  if (!outer.ok) return err(outer.error.map((issue) => `${describeIssue(issue)}.`));
  const { b, s, t, i, p, at } = outer.value;
  const script = parseScript({
    scenario: s ?? {},
    ...(t === undefined ? {} : { text: t }),
    ...(i === undefined ? {} : { inputs: Array.isArray(i) ? i.map(unpackInput) : i }),
    ...(p === undefined ? {} : { plan: p }),
  });
  return script.ok
    ? ok({ script: script.value, build: b, tick: at ?? null })
    : err(script.error.map((sentence) => `${sentence}.`));
}

/** Why a link of `made` is not simply run by `here`; null when the builds are one. */
export function otherBuild(made: string, here: string): string | null {
  return made === here
    ? null
    : `This link was made by build ${made}, and this page is build ${here}. Another build may take another course from the same seed, so nothing was run. Open the link where build ${made} is served, or run it here: then it is a different run.`;
}

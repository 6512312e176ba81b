import { describeIssue, integer, object, optional, string, type Schema } from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { hash32 } from '../kernel/rng.ts';
import { difference } from './link.ts';
import { scenarioSchema } from './scenario.ts';
import { packInput, parseScript, unpackInput, type RunScript } from './script.ts';

/**
 * The part of the URL in which a run of the virtual world rides: `#run=<version>.<text>.<check>`. The text is JSON in
 * base64url (RFC 4648), for chats and mails mend what they take for punctuation; the check is its 32-bit hash.
 */
const KEY = 'run';
const VERSION = 1;

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

function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}

const checkOf = (text: string): string => hash32(text).toString(36);

/** A URL that opens this very run: `page` (without its fragment) with all that decides it behind. */
export function runLinkOf({ script, build, tick }: RunLink, page: string): string {
  const standard = scenarioSchema.parse({});
  const text = toBase64Url(
    JSON.stringify({
      b: build,
      s: difference(script.scenario, standard.ok ? standard.value : {}),
      ...(script.text === 'built-in' ? {} : { t: script.text }),
      ...(script.inputs.length === 0 ? {} : { i: script.inputs.map(packInput) }),
      ...(script.plan === undefined ? {} : { p: script.plan }),
      ...(tick === null ? {} : { at: tick }),
    }),
  );
  return `${page.split('#')[0]}#${KEY}=${VERSION}.${text}.${checkOf(text)}`;
}

const DAMAGED =
  'The link is damaged: a part of it was lost or changed on its way. Copy it again as a whole, from where it was made.';

/** The run that a URL carries: null when it carries none, the sentences when it cannot be read. */
export function runFromUrl(url: string): Result<RunLink, readonly string[]> | null {
  const given = new URLSearchParams(url.split('#')[1] ?? '').get(KEY);
  if (given === null) return null;
  const [version = '', text = '', check, ...more] = given.split('.');
  if (/^\d+$/.test(version) && Number(version) > VERSION)
    return err([
      `The link has format ${version}, and this page knows formats up to ${VERSION}: it was made by a newer Treering. Open it with the build that made it.`,
    ]);
  if (version !== String(VERSION) || check !== checkOf(text) || more.length > 0) return err([DAMAGED]);
  let json: unknown;
  try {
    json = JSON.parse(fromBase64Url(text));
  } catch {
    return err([DAMAGED]);
  }
  const outer = envelope.parse(json);
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

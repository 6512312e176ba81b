import { err, ok, type Result } from '../kernel/result.ts';
import { hash32 } from '../kernel/rng.ts';

/** base64url (RFC 4648), for chats and mails mend what they take for punctuation. */
export function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Throws when it is no base64url of UTF-8. */
export function fromBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}

/** What tells whether a link's text came through whole. */
export const checkOf = (text: string): string => hash32(text).toString(36);

const DAMAGED =
  'The link is damaged: a part of it was lost or changed on its way. Copy it again as a whole, from where it was made.';

/** A place in the URL in which JSON rides sealed: `#<key>=<version>.<text>.<check>`, the text in base64url. */
export interface Seal {
  readonly key: string;
  readonly version: number;
}

/** `page` (without its fragment) with the JSON sealed behind it. */
export function sealInto(page: string, { key, version }: Seal, json: unknown): string {
  const text = toBase64Url(JSON.stringify(json));
  return `${page.split('#')[0]}#${key}=${version}.${text}.${checkOf(text)}`;
}

/** What is in that place as it stands; null when there is no such place. */
export const sealedIn = (url: string, { key }: Seal): string | null =>
  new URLSearchParams(url.split('#')[1] ?? '').get(key);

/** The JSON of what `sealedIn` gave, or the sentence why it cannot be read. */
export function unseal(sealed: string, { version: known }: Seal): Result<unknown, readonly string[]> {
  const [version = '', text = '', check, ...more] = sealed.split('.');
  if (/^\d+$/.test(version) && Number(version) > known)
    return err([
      `The link has format ${version}, and this page knows formats up to ${known}: it was made by a newer Treering. Open it with the build that made it.`,
    ]);
  if (version !== String(known) || check !== checkOf(text) || more.length > 0) return err([DAMAGED]);
  try {
    return ok(JSON.parse(fromBase64Url(text)));
  } catch {
    return err([DAMAGED]);
  }
}

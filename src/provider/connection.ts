import { err, ok, type Result } from '../kernel/result.ts';
import type { ProviderOptions } from './options.ts';

/** Where a model of the visitor's own is asked, and with what. The key is kept in memory alone, never in a scenario. */
export interface Connection {
  /** As `readBaseUrl` returns it. */
  readonly baseUrl: string;
  readonly model: string;
  /** Null for an endpoint that wants none. */
  readonly key: string | null;
}

const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.*\.localhost)$/;

/** A base URL without its last slash, and without the path of chat completions when that was pasted too. */
export function readBaseUrl(given: string): Result<string, string> {
  const text = given.trim();
  if (text === '') return err('Type the base URL of the endpoint first, such as http://localhost:11434/v1.');
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    return err(`${JSON.stringify(text)} is no address that begins with http:// or https://.`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return err(
      'The address holds a name or a password. Put the key into its own field: an address is shown and linked.',
    );
  if (url.search !== '' || url.hash !== '')
    return err(
      'A base URL ends before ? and #. Put a key into its own field: an address is shown and linked.',
    );
  const path = url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  return ok(`${url.origin}${path}`);
}

/** A key as it may stand in a header; null for none. */
export function readKey(given: string): Result<string | null, string> {
  const key = given.trim();
  if (key === '') return ok(null);
  return /^[\x21-\x7e]{1,2000}$/.test(key)
    ? ok(key)
    : err('An API key has neither blanks nor letters with accents in it; copy it again.');
}

/** Why a page at `pageUrl` may not ask that address at all; null when it may try. */
export function mixedContent(baseUrl: string, pageUrl: string): string | null {
  const to = new URL(baseUrl);
  if (new URL(pageUrl).protocol !== 'https:' || to.protocol !== 'http:' || LOCAL.test(to.hostname))
    return null;
  return `This page came over https, and a browser lets such a page ask only https addresses and this machine's own, not ${to.origin}. Serve the endpoint over https, or open Treering over http from your own machine (npm start).`;
}

/** Why a scenario's provider cannot be had live; null when it can. @param at the endpoint that the visitor agreed to */
export function sourceRefusal(
  { source, baseUrl, model }: Pick<ProviderOptions, 'source' | 'baseUrl' | 'model'>,
  at: { readonly baseUrl: string | null; readonly builtIn: boolean },
): string | null {
  if (source === 'simulated') return null;
  if (source === 'browser')
    return at.builtIn
      ? null
      : 'This scenario asks the model that is built into the browser. Agree to that first: under "A model of your own", choose it and press "Use it in the grove".';
  const url = readBaseUrl(baseUrl);
  if (!url.ok) return `provider.baseUrl: ${url.error}`;
  if (model.trim() === '') return 'provider.model is empty: name the model that is to be asked.';
  return at.baseUrl === url.value
    ? null
    : `This scenario sends its prompts to ${url.value}. Agree to that first: under "A model of your own", check the address, type its key if it wants one, and press "Use it in the grove".`;
}

/** Why a scenario's provider cannot be had in virtual time; null when it can. */
export function virtualRefusal({ source }: Pick<ProviderOptions, 'source'>): string | null {
  return source === 'simulated'
    ? null
    : 'A real model answers in its own time and never twice the same, so it cannot be part of virtual time. Run this scenario in the live world, or set provider.source to "simulated".';
}

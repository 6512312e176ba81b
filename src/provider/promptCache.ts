import { hash32 } from '../kernel/rng.ts';
import type { Profile } from './profile.ts';
import { estimateTokens } from './prompt.ts';

/** A piece of a prompt, in the order in which the model reads it. */
export interface PromptPart {
  readonly text: string;
  /** The request wants everything up to here kept. */
  readonly keep: boolean;
}

/** Tokens of a prompt by what the prompt cache had of them. They add up to the prompt. */
export interface PromptTokens {
  readonly fresh: number;
  /** Read from the cache. */
  readonly read: number;
  /** Fresh too, and written into the cache. */
  readonly written: number;
}

/** Automatic caching goes by blocks of this many tokens. */
const BLOCK_TOKENS = 128;
const BLOCK_CHARS = 4 * BLOCK_TOKENS;
/** Prefixes remembered at most; those used the longest ago go first. */
const PREFIXES_MAX = 20_000;

/** Prefixes of prompts that the endpoint has read before, as long as they are used. */
export class PromptCache {
  readonly #config: Profile['promptCache'];
  /** Prefix to the time until which it is kept, those used the longest ago first. */
  readonly #until = new Map<string, number>();

  constructor(config: Profile['promptCache']) {
    this.#config = config;
  }

  /**
   * Reads a prompt through the cache.
   * @param total tokens of the whole prompt, as they are charged
   */
  read(parts: readonly PromptPart[], total: number, nowMs: number): PromptTokens {
    if (this.#config === null) return { fresh: total, read: 0, written: 0 };
    const prefixes = this.#config.automatic ? blocks(parts) : marks(parts);
    const known = prefixes.findLast(({ key }) => (this.#until.get(key) ?? 0) > nowMs);
    const long = prefixes.filter(({ tokens }) => tokens >= this.#config!.minTokens);
    for (const { key } of long) {
      this.#until.delete(key);
      this.#until.set(key, nowMs + this.#config.ttlMs);
    }
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= PREFIXES_MAX) break;
      this.#until.delete(oldest);
    }
    const read = Math.min(total, known?.tokens ?? 0);
    const kept = Math.min(total, long.at(-1)?.tokens ?? 0);
    const written = this.#config.automatic ? 0 : Math.max(0, kept - read);
    return { fresh: total - read - written, read, written };
  }
}

interface Prefix {
  readonly key: string;
  readonly tokens: number;
}

/** Every marked prefix, the shortest first. */
function marks(parts: readonly PromptPart[]): Prefix[] {
  let tokens = 0;
  let key = '';
  // What comes behind the last mark names no prefix.
  const marked = parts.slice(0, parts.findLastIndex(({ keep }) => keep) + 1);
  return marked.flatMap(({ text, keep }) => {
    tokens += estimateTokens(text);
    key = `${hash32(key + text)}/${hash32(key + text, 7)}`;
    return keep ? [{ key, tokens }] : [];
  });
}

/** Every prefix of whole blocks, the shortest first. */
function blocks(parts: readonly PromptPart[]): Prefix[] {
  const text = parts.map((part) => part.text).join('\n');
  const found: Prefix[] = [];
  let key = '';
  for (let end = BLOCK_CHARS; end <= text.length; end += BLOCK_CHARS) {
    const block = text.slice(end - BLOCK_CHARS, end);
    key = `${hash32(key + block)}/${hash32(key + block, 7)}`;
    found.push({ key, tokens: (end / BLOCK_CHARS) * BLOCK_TOKENS });
  }
  return found;
}

import { createRng } from '../../../src/kernel/rng.ts';

/** Distinct texts of about `bytes` each, as an agent's log has them: words, not noise, and not one word over and over. */
export function textsOf(count: number, bytes: number, seed: string): string[] {
  const rng = createRng(seed);
  const words = Array.from({ length: 4_000 }, () => {
    const length = 2 + rng.int(9);
    return Array.from({ length }, () => String.fromCharCode(97 + rng.int(26))).join('');
  });
  return Array.from({ length: count }, (_, i) => {
    const parts = [`["memory",{"kind":"archive","text":"${i}`];
    for (let length = parts[0]!.length; length < bytes - 20; length += parts.at(-1)!.length + 1)
      parts.push(words[rng.int(words.length)]!);
    // In one piece, as JSON.stringify makes them, not put together when somebody first reads it.
    return [...parts, `","seq":${i + 1}}]`].join(' ');
  });
}

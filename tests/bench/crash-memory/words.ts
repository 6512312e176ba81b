import { createRng } from '../../../src/kernel/rng.ts';

/** Distinct texts of about `bytes` each, as an agent's log has them: words, not noise, and not one word over and over. */
export function textsOf(count: number, bytes: number, seed: string): string[] {
  const rng = createRng(seed);
  const words = Array.from({ length: 4_000 }, () => {
    const length = 2 + rng.int(9);
    return Array.from({ length }, () => String.fromCharCode(97 + rng.int(26))).join('');
  });
  return Array.from({ length: count }, (_, i) => {
    let text = `["memory",{"kind":"archive","text":"${i} `;
    while (text.length < bytes - 20) text += `${words[rng.int(words.length)]!} `;
    return `${text}","seq":${i + 1}}]`;
  });
}

/** Public files of each entry of the library, from src, without their ending. */
export const entries: Readonly<Record<string, readonly string[]>>;
/** Builds an ES module and its types for each entry; `out` is emptied first. */
export function buildLibrary(out?: string): Promise<void>;
/** What package.json's `exports` must say for these entries. */
export function packageExports(): Record<string, { readonly types: string; readonly default: string }>;

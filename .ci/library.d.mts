/** Public files of each entry of the library, from src, without their ending. */
export const entries: Readonly<Record<string, readonly string[]>>;
export function buildLibrary(): Promise<void>;

export function findChromium(): string | null;
export function chromiumFlags(): string[];

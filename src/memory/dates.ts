import { rfc3339 } from '../kernel/rfc3339.ts';

/** Numbers below this are epoch seconds (until the year 5138), above it milliseconds (since 1973). */
const SECONDS_MAX = 1e11;

/** ISO 8601 from ISO text (as exact as it is), a year, or epoch seconds or milliseconds; undefined for anything else. */
export function readDate(value: unknown): string | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value))) {
    const n = Number(value);
    if (Number.isInteger(n) && n >= 1000 && n <= 9999) return String(n);
    const ms = Math.abs(n) < SECONDS_MAX ? n * 1000 : n;
    // Four-digit years only: beyond them it is no date but some other number.
    return Number.isFinite(ms) && ms >= -62_135_596_800_000 && ms < 253_402_300_800_000
      ? rfc3339(ms)
      : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const m =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?)?)?$/.exec(
      value.trim(),
    );
  if (!m) return undefined;
  const [, year, month, day, time, zone] = m;
  if (month !== undefined && (Number(month) < 1 || Number(month) > 12)) return undefined;
  if (day !== undefined && (Number(day) < 1 || Number(day) > 31)) return undefined;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  return time === undefined ? date : `${date}T${time}${zone ?? ''}`;
}

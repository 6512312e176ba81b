const DAY_MS = 86_400_000;
/** Numbers below this are epoch seconds (until the year 5138), above it milliseconds (since 1973). */
const SECONDS_MAX = 1e11;

const two = (n: number): string => String(n).padStart(2, '0');

/** Date and time of day in UTC for epoch milliseconds, to the second (days to civil date after Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013). */
export function isoOfEpochMs(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const seconds = Math.floor((epochMs - days * DAY_MS) / 1000);
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return (
    `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}` +
    `T${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}Z`
  );
}

/** ISO 8601 from ISO text (as exact as it is), a year, or epoch seconds or milliseconds; undefined for anything else. */
export function readDate(value: unknown): string | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value))) {
    const n = Number(value);
    if (Number.isInteger(n) && n >= 1000 && n <= 9999) return String(n);
    const ms = Math.abs(n) < SECONDS_MAX ? n * 1000 : n;
    // Four-digit years only: beyond them it is no date but some other number.
    return Number.isFinite(ms) && ms >= -62_135_596_800_000 && ms < 253_402_300_800_000
      ? isoOfEpochMs(ms)
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

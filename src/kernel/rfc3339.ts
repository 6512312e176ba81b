const DAY_MS = 86_400_000;
const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');

/**
 * A moment as RFC 3339 in UTC, whole seconds, e.g. `2026-11-24T08:00:00Z`. Calendar arithmetic after Hinnant's
 * `civil_from_days`: years begin in March, so that the leap day is the last.
 * @param epochMs milliseconds since 1970, of the years 0 to 9999; rounded down to a second
 */
export function rfc3339(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const second = Math.floor(epochMs / 1_000) - (days - 719_468) * 86_400;
  const time = `${pad(Math.floor(second / 3_600))}:${pad(Math.floor(second / 60) % 60)}:${pad(second % 60)}`;
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${time}Z`;
}

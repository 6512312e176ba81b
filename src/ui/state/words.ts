const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDecimals = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A whole number with thousands grouped: `1,204`. */
export function count(n: number): string {
  return whole.format(n);
}

/** A duration given in ms: `0.42 ms`, `8.1 ms`, `812 ms`, `12.3 s`, `4 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${twoDecimals.format(ms)} ms`;
  if (ms < 10) return `${oneDecimal.format(ms)} ms`;
  if (ms < 9_999.5) return `${whole.format(ms)} ms`;
  if (ms < 119_950) return `${oneDecimal.format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${whole.format(Math.floor(seconds / 60))} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A share in [0, 1] as per cent. Never rounds up to 100 %: 99.996 % shows as `99.9 %`. */
export function percent(share: number): string {
  const hundredths = share * 100;
  if (Number.isInteger(hundredths)) return `${hundredths} %`;
  const shown = hundredths < 100 ? Math.floor(hundredths * 10) / 10 : hundredths;
  return `${oneDecimal.format(shown)} %`;
}

/** Bytes, in steps of 1,024: `812 B`, `4.2 KiB`, `1.3 MiB`. */
export function bytes(n: number): string {
  if (n < 1_024) return `${whole.format(n)} B`;
  if (n < 1_048_576) return `${oneDecimal.format(n / 1_024)} KiB`;
  return `${oneDecimal.format(n / 1_048_576)} MiB`;
}

/** `1 worker`, `4 workers`; `many` for words whose plural is not made with an s. */
export function amount(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The honest count of both, e.g. `100 agents in 100 workers`, `1,000 agents multiplexed over 4 workers`. */
export function population(agents: number, workers: number, host = 'worker'): string {
  const how = agents > workers ? 'multiplexed over' : 'in';
  return `${amount(agents, 'agent')} ${how} ${amount(workers, host)}`;
}

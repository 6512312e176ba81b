/** The middle value; the mean of the middle two of an even number. */
export function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A number with four significant digits, in groups of thousands. */
export function figure(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const decimals = size >= 1000 || size === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(size)));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(decimals, 6) });
}

/** `least..most`, or nothing for a single value. */
export function spread(values) {
  return values.length < 2 ? '' : `${figure(Math.min(...values))}..${figure(Math.max(...values))}`;
}

/** Columns that line up; the first one to the left, the others to the right. */
export function alignedTable(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A Markdown table. */
export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `--key value` and `--flag` as an object. Throws Error for anything else. */
export function options(args) {
  const found = {};
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith('--')) throw new Error(`${args[i]} is no option: options are --key value`);
    const [key, inline] = args[i].slice(2).split(/=(.*)/s);
    const next = args[i + 1];
    if (inline !== undefined) found[key] = inline;
    else if (next !== undefined && !next.startsWith('--')) found[key] = args[++i];
    else found[key] = 'true';
  }
  return found;
}

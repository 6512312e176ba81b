/** One sample line of a text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric family as parsed. */
export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let i = 0;
  while (i < text.length) {
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(text.slice(i))?.[0];
    if (name === undefined || text.slice(i + name.length, i + name.length + 2) !== '="')
      throw new Error(`label expected at ${i}: ${line}`);
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice: ${line}`);
    i += name.length + 2;
    let value = '';
    for (; text[i] !== '"'; i++) {
      if (i >= text.length) throw new Error(`label value not closed: ${line}`);
      if (text[i] !== '\\') value += text[i];
      else {
        i++;
        const plain = { n: '\n', '\\': '\\', '"': '"' }[text[i] ?? ''];
        if (plain === undefined) throw new Error(`bad escape \\${text[i]}: ${line}`);
        value += plain;
      }
    }
    labels[name] = value;
    i++;
    if (i < text.length && text[i++] !== ',') throw new Error(`comma expected: ${line}`);
  }
  return labels;
}

function parseValue(text: string, line: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  if (text === 'NaN') return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw new Error(`no number: ${line}`);
  return Number(text);
}

function checkHistogram(family: ParsedFamily): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of family.samples) {
    const { le: _le, ...rest } = sample.labels;
    const key = JSON.stringify(Object.entries(rest).sort());
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const samples of groups.values()) {
    const buckets = samples.filter((s) => s.name === `${family.name}_bucket`);
    const bounds = buckets.map((s) => parseValue(s.labels['le'] ?? '', s.name));
    if (bounds.some((b, i) => i > 0 && !(b > bounds[i - 1]!)))
      throw new Error(`le not ascending: ${family.name}`);
    if (bounds.at(-1) !== Infinity) throw new Error(`no +Inf bucket: ${family.name}`);
    if (buckets.some((s, i) => i > 0 && s.value < buckets[i - 1]!.value))
      throw new Error(`buckets not cumulative: ${family.name}`);
    const count = samples.filter((s) => s.name === `${family.name}_count`);
    const sum = samples.filter((s) => s.name === `${family.name}_sum`);
    if (count.length !== 1 || sum.length !== 1)
      throw new Error(`one _sum and one _count wanted: ${family.name}`);
    if (count[0]!.value !== buckets.at(-1)!.value)
      throw new Error(`_count differs from +Inf: ${family.name}`);
  }
}

/**
 * Reads a text exposition of version 0.0.4 strictly, from the format's description and apart from the code that writes it.
 * Throws an Error that names the line when a rule is broken: TYPE before samples and once a family, families unmixed,
 * names and escapes valid, no series twice, counters ending in _total, histograms cumulative and complete.
 */
export function parseExposition(text: string): ParsedFamily[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error('the last line must end in a line feed');
  const families: ParsedFamily[] = [];
  const seenSeries = new Set<string>();
  let help: { name: string; text: string } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const helpLine = /^# HELP (\S+) (.*)$/.exec(line);
    const typeLine = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (helpLine !== null) {
      if (/(^|[^\\])(\\\\)*\\[^\\n]/.test(helpLine[2]!)) throw new Error(`bad escape in help: ${line}`);
      const unescaped = helpLine[2]!.replace(/\\(\\|n)/g, (_, c: string) => (c === 'n' ? '\n' : '\\'));
      help = { name: helpLine[1]!, text: unescaped };
    } else if (typeLine !== null) {
      const name = typeLine[1]!;
      if (families.some((f) => f.name === name)) throw new Error(`TYPE twice: ${line}`);
      if (help?.name !== name) throw new Error(`HELP missing before: ${line}`);
      families.push({ name, type: typeLine[2]!, help: help.text, samples: [] });
    } else if (line.startsWith('#') || line === '') {
      throw new Error(`unexpected line: ${line}`);
    } else {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (sample === null) throw new Error(`no sample: ${line}`);
      const family = families.at(-1);
      const name = sample[1]!;
      const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (family === undefined || !suffixes.some((s) => name === family.name + s))
        throw new Error(`sample outside of its family: ${line}`);
      if (family.type === 'counter' && !name.endsWith('_total'))
        throw new Error(`counter without _total: ${line}`);
      const labels = parseLabels(sample[2] ?? '', line);
      const series = name + JSON.stringify(Object.entries(labels).sort());
      if (seenSeries.has(series)) throw new Error(`series twice: ${line}`);
      seenSeries.add(series);
      family.samples.push({ name, labels, value: parseValue(sample[3]!, line) });
    }
  }
  for (const family of families) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

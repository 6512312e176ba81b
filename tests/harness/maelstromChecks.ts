import type { Rpc } from './maelstromNetwork.ts';

/*
 * What Maelstrom's own checkers look for, written anew over the requests of clients alone. An error with a code other than
 * 0 (timeout) and 13 (crash) says that nothing happened; without an answer anything may have.
 */
const ok = ({ request, reply }: Rpc): boolean => reply?.type === `${request.type}_ok`;
const maybe = ({ reply }: Rpc): boolean =>
  reply === null || (reply.type === 'error' && (reply['code'] === 0 || reply['code'] === 13));
const of = (rpcs: readonly Rpc[], type: string): Rpc[] => rpcs.filter((r) => r.request.type === type);
const show = (value: unknown): string => JSON.stringify(value);

/** Nothing but answers of the right kind, errors of the protocol and silence. */
export function badReplies(rpcs: readonly Rpc[]): string[] {
  return rpcs
    .filter(
      (r) => !ok(r) && r.reply !== null && (r.reply.type !== 'error' || typeof r.reply['code'] !== 'number'),
    )
    .map((r) => `${r.node} answered ${r.request.type} with ${show(r.reply)}`);
}

/** `echo`: what was sent comes back. */
export function checkEcho(rpcs: readonly Rpc[]): string[] {
  return of(rpcs, 'echo')
    .filter(ok)
    .filter((r) => show(r.reply!['echo']) !== show(r.request['echo']))
    .map((r) => `${show(r.request['echo'])} came back as ${show(r.reply!['echo'])}`);
}

/** `unique-ids`: no id is given out twice. */
export function checkUniqueIds(rpcs: readonly Rpc[]): string[] {
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (const r of of(rpcs, 'generate').filter(ok)) {
    const id = show(r.reply!['id']);
    if (seen.has(id)) wrong.push(`${id} was given out twice`);
    seen.add(id);
  }
  return wrong;
}

/** `broadcast` (Jepsen's set-full): every acknowledged value is on every node in the end; none is invented or there twice. */
export function checkBroadcast(rpcs: readonly Rpc[], finals: readonly Rpc[]): string[] {
  const wrong: string[] = [];
  const tried = new Set(of(rpcs, 'broadcast').map((r) => show(r.request['message'])));
  const acked = of(rpcs, 'broadcast')
    .filter(ok)
    .map((r) => show(r.request['message']));
  for (const r of [...of(rpcs, 'read'), ...finals].filter(ok)) {
    const messages = (r.reply!['messages'] as unknown[]).map(show);
    for (const m of messages) if (!tried.has(m)) wrong.push(`${r.node} has ${m}, which nobody sent`);
    if (new Set(messages).size < messages.length) wrong.push(`${r.node} has a value twice`);
  }
  if (finals.filter(ok).length === 0) wrong.push('no final read was answered');
  for (const r of finals) {
    if (!ok(r)) {
      wrong.push(`the final read of ${r.node} was not answered`);
      continue;
    }
    const there = new Set((r.reply!['messages'] as unknown[]).map(show));
    const lost = acked.filter((m) => !there.has(m));
    if (lost.length > 0)
      wrong.push(`${r.node} lacks ${lost.length} acknowledged values, ${lost[0]!} among them`);
  }
  return wrong;
}

/** `g-counter`: each final read is the sum of all acknowledged deltas and of some of those that nobody knows of. */
export function checkCounter(rpcs: readonly Rpc[], finals: readonly Rpc[]): string[] {
  const deltas = (which: (r: Rpc) => boolean): number[] =>
    of(rpcs, 'add')
      .filter(which)
      .map((r) => r.request['delta'] as number);
  let possible = new Set([deltas(ok).reduce((sum, d) => sum + d, 0)]);
  for (const d of deltas(maybe)) possible = new Set([...possible].flatMap((sum) => [sum, sum + d]));
  const wrong = finals
    .filter((r) => !ok(r) || !possible.has(r.reply!['value'] as number))
    .map((r) => `${r.node} ends with ${show(r.reply)}, possible are ${[...possible].slice(0, 5).join(', ')}`);
  return finals.length === 0 ? ['no final read'] : wrong;
}

type Pair = readonly [offset: number, message: unknown];

/** What a poll brought, without what is no pair. */
const polled = (r: Rpc): [string, Pair[]][] =>
  Object.entries(r.reply!['msgs'] as Record<string, (Pair | null)[]>).map(([key, pairs]) => [
    key,
    pairs.filter((pair): pair is Pair => pair !== null),
  ]);

/**
 * `kafka`: an offset has one message and a message one offset; what was acknowledged at or below an offset that somebody
 * saw is seen by somebody; polls and a client's own sends go forward; none skips what exists; nothing that failed is seen;
 * in the end all that was acknowledged has been polled.
 */
export function checkKafka(rpcs: readonly Rpc[], finals: readonly Rpc[]): string[] {
  const wrong: string[] = [];
  const all = [...rpcs, ...finals];
  /** Per key, the message of each offset, as sends and polls tell it. */
  const logs = new Map<string, Map<number, string>>();
  const places = new Map<string, Set<number>>();
  const note = (key: string, offset: number, message: string): void => {
    const log = logs.get(key) ?? logs.set(key, new Map()).get(key)!;
    const before = log.get(offset);
    if (before !== undefined && before !== message)
      wrong.push(`offset ${offset} of ${key} holds ${before} and ${message}`);
    log.set(offset, message);
    const place = `${key}/${message}`;
    const at = places.get(place) ?? places.set(place, new Set()).get(place)!;
    at.add(offset);
    if (at.size === 2) wrong.push(`${message} of ${key} is at offsets ${[...at].join(' and ')}`);
  };
  const seen = new Map<string, Set<number>>();
  const sends = of(all, 'send');
  const polls = of(all, 'poll').filter(ok);
  for (const r of sends.filter(ok))
    note(r.request['key'] as string, r.reply!['offset'] as number, show(r.request['msg']));
  for (const r of polls)
    for (const [key, pairs] of polled(r)) {
      const mine = seen.get(key) ?? seen.set(key, new Set()).get(key)!;
      for (const [offset, message] of pairs) {
        note(key, offset, show(message));
        mine.add(offset);
      }
    }

  const aborted = new Set(
    sends
      .filter((r) => !ok(r) && !maybe(r))
      .map((r) => `${r.request['key'] as string}/${show(r.request['msg'])}`),
  );
  const invented = new Set(sends.map((r) => `${r.request['key'] as string}/${show(r.request['msg'])}`));
  for (const [key, offsets] of seen)
    for (const offset of offsets) {
      const what = `${key}/${logs.get(key)!.get(offset)!}`;
      if (aborted.has(what)) wrong.push(`${what} was polled although its send failed`);
      if (!invented.has(what)) wrong.push(`${what} was polled and never sent`);
    }

  for (const r of sends.filter(ok)) {
    const key = r.request['key'] as string;
    const offset = r.reply!['offset'] as number;
    if (seen.get(key)?.has(offset) === true) continue;
    const highest = Math.max(-1, ...(seen.get(key) ?? []));
    wrong.push(
      offset < highest
        ? `lost write: offset ${offset} of ${key} was acknowledged and never polled, ${highest} was`
        : `unseen: offset ${offset} of ${key} was acknowledged and never polled`,
    );
  }

  const asked = new Map<string, number>();
  for (const r of of(all, 'commit_offsets'))
    for (const [key, offset] of Object.entries(r.request['offsets'] as Record<string, number>))
      asked.set(key, Math.max(asked.get(key) ?? -1, offset));
  for (const r of of(all, 'list_committed_offsets').filter(ok))
    for (const [key, offset] of Object.entries(r.reply!['offsets'] as Record<string, number>))
      if (offset > (asked.get(key) ?? -1))
        wrong.push(`${r.node} says ${offset} of ${key} was committed; nobody did`);

  const known = (key: string): number[] => [...(logs.get(key)?.keys() ?? [])];
  /** Per client: the last offset of each key that it polled, until it takes up a key anew; and that it was given for a send. */
  const polledTo = new Map<string, Map<string, number>>();
  const sentTo = new Map<string, number>();
  for (const r of all) {
    const key = r.request['key'] as string;
    if (r.request.type === 'send' && ok(r)) {
      const offset = r.reply!['offset'] as number;
      const before = sentTo.get(`${r.client}/${key}`) ?? -1;
      if (offset <= before) wrong.push(`${r.client} was given offset ${offset} of ${key} after ${before}`);
      sentTo.set(`${r.client}/${key}`, offset);
    }
    // Fetching what was committed begins an assignment, from which on offsets may be others.
    if (r.request.type === 'list_committed_offsets') polledTo.delete(r.client);
    if (r.request.type !== 'poll' || !ok(r)) continue;
    const mine = polledTo.get(r.client) ?? polledTo.set(r.client, new Map()).get(r.client)!;
    for (const [k, pairs] of polled(r))
      for (const [offset] of pairs) {
        const before = mine.get(k);
        if (before !== undefined) {
          if (offset <= before) wrong.push(`${r.client} polled offset ${offset} of ${k} after ${before}`);
          const skipped = known(k).filter((o) => o > before && o < offset);
          if (skipped.length > 0)
            wrong.push(`${r.client} polled ${offset} of ${k} after ${before}, past ${skipped.join()}`);
        }
        mine.set(k, offset);
      }
  }
  return wrong;
}

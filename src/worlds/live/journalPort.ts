import { ok, type Result } from '../../kernel/result.ts';
import type { Done, JournalError, JournalPort } from '../../memory/journal.ts';
import type { PackedJournalPort } from '../../memory/journalWriter.ts';
import {
  EntryPacker,
  packEntries,
  sliceEntries,
  textsByOwner,
  type PackedEntries,
  type Parcel,
} from '../../memory/packedEntries.ts';
import { takeOut, type Envelope } from './envelope.ts';

/** What a node asks of the one writer, in its order. The entries of one turn travel in one buffer, which is handed over. */
type Request =
  /** The next `entries` of the parcel, appended; answered for each of `ids`. */
  | { readonly type: 'append'; readonly ids: number[]; entries: number }
  | {
      readonly type: 'checkpoint';
      readonly id: number;
      readonly owner: string;
      readonly parcel: PackedEntries;
    }
  | { readonly type: 'load'; readonly id: number; readonly owners: readonly string[] };
interface Turn {
  readonly requests: readonly Request[];
  /** The entries of all appends. */
  readonly parcel: PackedEntries;
}
type Answer =
  | { readonly type: 'written'; readonly ids: readonly number[]; readonly result: Result<void, JournalError> }
  | { readonly type: 'loaded'; readonly id: number; readonly result: Result<Parcel, JournalError> };

/**
 * The journal on the other end of a port: what is asked within one turn is packed here and goes out as one message, so
 * that the writer neither copies nor decodes a text.
 * @param gate wraps the arrival of answers, so that a paused node does not hear them
 */
export function journalOver(
  port: MessagePort,
  gate: (fn: (answers: readonly Answer[]) => void) => (answers: readonly Answer[]) => void,
): JournalPort {
  const written = new Map<number, Done<void>>();
  const loading = new Map<
    number,
    { readonly owners: readonly string[]; readonly done: Done<readonly (readonly string[])[]> }
  >();
  const packer = new EntryPacker();
  let requests: Request[] = [];
  let transfer: ArrayBuffer[] = [];
  let n = 0;

  const receive = gate((answers) => {
    for (const answer of answers) {
      if (answer.type === 'written') {
        for (const id of answer.ids) {
          const done = written.get(id);
          written.delete(id);
          done?.(answer.result);
        }
        continue;
      }
      const { owners, done } = loading.get(answer.id)!;
      loading.delete(answer.id);
      done(answer.result.ok ? ok(textsByOwner(answer.result.value, owners)) : answer.result);
    }
  });
  port.onmessage = (event: MessageEvent<Envelope<readonly Answer[]>>) => receive(takeOut(event));

  function send(request: Request): void {
    if (requests.length === 0) queueMicrotask(flush);
    const last = requests.at(-1);
    if (request.type === 'append' && last?.type === 'append') {
      last.ids.push(...request.ids);
      last.entries += request.entries;
    } else requests.push(request);
  }

  function flush(): void {
    const { buffer, ...parcel } = packer.take();
    port.postMessage([{ requests, parcel } satisfies Turn], [buffer, ...transfer]);
    requests = [];
    transfer = [];
  }

  return {
    append(entries, done) {
      const id = ++n;
      written.set(id, done);
      for (const { owner, text } of entries) packer.add(owner, text);
      send({ type: 'append', ids: [id], entries: entries.length });
    },
    checkpoint(owner, texts, done) {
      const id = ++n;
      written.set(id, done);
      const { buffer, ...parcel } = packEntries(texts.map((text) => ({ owner, text })));
      transfer.push(buffer);
      send({ type: 'checkpoint', id, owner, parcel });
    },
    load(owners, done) {
      const id = ++n;
      loading.set(id, { owners, done });
      send({ type: 'load', id, owners });
    },
  };
}

/** Serves one incarnation of a node. Answers of one turn travel together. */
export function serveJournal(port: MessagePort, journal: PackedJournalPort): void {
  let answers: Answer[] = [];
  let transfer: ArrayBuffer[] = [];
  function answer(what: Answer): void {
    if (answers.length === 0)
      queueMicrotask(() => {
        port.postMessage([answers], transfer);
        answers = [];
        transfer = [];
      });
    answers.push(what);
  }
  port.onmessage = (event: MessageEvent<Envelope<Turn>>) => {
    const { requests, parcel } = takeOut(event);
    let at = 0;
    for (const request of requests) {
      switch (request.type) {
        case 'append': {
          const { ids, entries } = request;
          const whole = entries === parcel.ends.length;
          const own = whole ? parcel : sliceEntries(parcel, at, at + entries);
          at += entries;
          journal.appendPacked(own, (result) => answer({ type: 'written', ids, result }));
          break;
        }
        case 'checkpoint': {
          const ids = [request.id];
          journal.checkpointPacked(request.owner, request.parcel, (result) =>
            answer({ type: 'written', ids, result }),
          );
          break;
        }
        case 'load':
          journal.loadPacked(request.owners, (result) => {
            if (result.ok) transfer.push(result.value.buffer);
            answer({ type: 'loaded', id: request.id, result });
          });
      }
    }
  };
}

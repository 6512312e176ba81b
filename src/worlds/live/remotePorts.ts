import type { CorpusPort, DirectoryPort, DirectoryQuestion, Slice } from '../../agents/contract.ts';
import { readPackedDocument } from '../../memory/corpus.ts';
import type { DocumentAnswer, Library } from './corpora.ts';
import type { DeskNote, DeskPort, DeskRequest, DeskSettlement } from '../../provider/port.ts';
import { serveCalls, type Caller } from './portCalls.ts';

/** The API manager's desk on the other end of a port. */
export function deskOver(caller: Caller): DeskPort {
  return {
    acquire: (request, done) => caller.call('acquire', request, done),
    settle: (settlement) => caller.call('settle', settlement),
    note: (note) => caller.call('note', note),
    watch: (since, done) => caller.call('watch', since, done),
  };
}

/** The corpus on the other end of a port. */
export function corpusOver(caller: Caller): CorpusPort {
  return {
    passages: (slice) =>
      new Promise((resolve, reject) => {
        caller.call('passages', slice, (answer: DocumentAnswer) => {
          if ('error' in answer) reject(new Error(answer.error));
          else if ('packed' in answer) readPackedDocument(answer.packed).then(resolve, reject);
          else resolve(answer.document);
        });
      }),
  };
}

/** The directory on the other end of a port. */
export function directoryOver(caller: Caller): DirectoryPort {
  return { lookup: (question, done) => caller.call('lookup', question, done) };
}

/** Serves what a node asks of the conductor: the desk, the directory, and the documents of the corpus. */
export function serveDesk(
  port: MessagePort,
  desk: DeskPort,
  directory: DirectoryPort,
  library: Library,
): void {
  serveCalls(port, {
    lookup: (question: DirectoryQuestion, answer) => directory.lookup(question, answer),
    passages: (slice: Slice, answer) => void library(slice).then(answer),
    acquire: (request: DeskRequest, answer) => desk.acquire(request, answer),
    settle: (settlement: DeskSettlement) => desk.settle(settlement),
    note: (note: DeskNote) => desk.note(note),
    watch: (since: number, answer) => desk.watch(since, answer),
  });
}

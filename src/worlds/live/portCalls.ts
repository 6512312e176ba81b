import { takeOut, type Envelope } from './envelope.ts';

/**
 * Calls over a MessagePort with a callback each: the way of a node to the journal, the desk and the provider.
 * Answers come in any order; calls of one port are served in the order in which they were made.
 */
interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}
interface AnswerMessage {
  readonly id: number;
  readonly value: unknown;
}

export interface Caller {
  /** `done` gets whatever the method answers; leave it out for a method that does not. */
  call(method: string, argument: unknown, done?: (value: never) => void): void;
}

/** @param gate wraps the arrival of answers, so that a paused node does not hear them */
export function createCaller(
  port: MessagePort,
  gate: (fn: (answer: AnswerMessage) => void) => (answer: AnswerMessage) => void,
): Caller {
  const waiting = new Map<number, (value: never) => void>();
  let n = 0;
  const receive = gate(({ id, value }) => {
    const done = waiting.get(id);
    waiting.delete(id);
    done?.(value as never);
  });
  port.onmessage = (event: MessageEvent<Envelope<AnswerMessage>>) => receive(takeOut(event));
  return {
    call(method, argument, done) {
      const id = ++n;
      if (done) waiting.set(id, done);
      port.postMessage([{ id, method, argument } satisfies CallMessage]);
    },
  };
}

type Method = (argument: never, answer: (value: unknown) => void) => void;

/** Serves the calls of one port. An unknown method is a programmer's error and throws. */
export function serveCalls(port: MessagePort, methods: Readonly<Record<string, Method>>): void {
  port.onmessage = (event: MessageEvent<Envelope<CallMessage>>) => {
    const { id, method, argument } = takeOut(event);
    const serve = methods[method];
    if (!serve) throw new Error(`no method ${method}`);
    serve(argument as never, (value) => port.postMessage([{ id, value } satisfies AnswerMessage]));
  };
}

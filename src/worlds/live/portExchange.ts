import { takeOut, type Envelope } from './envelope.ts';

/** What a node tells the exchange of one of its channels. */
export interface ExchangeRequest {
  readonly type: 'open' | 'close';
  readonly name: string;
}
/** What the exchange answers once both ends are open; the end of the channel comes with it as a port. */
export interface ExchangeAnswer {
  readonly name: string;
}

/** Joins nodes by a MessagePort for each channel name that two of them have open. It sees none of what they say. */
export interface PortExchange {
  /** Serves an incarnation of a node at the other end of `line`, in place of the one before; returns how to end that. */
  connect(node: number, line: MessagePort): () => void;
}

export function createPortExchange(): PortExchange {
  const lines = new Map<number, MessagePort>();
  /** By channel name: the nodes that have it open. */
  const open = new Map<string, Set<number>>();

  function leave(node: number): void {
    lines.get(node)?.close();
    lines.delete(node);
    for (const [name, nodes] of open) if (nodes.delete(node) && nodes.size === 0) open.delete(name);
  }

  /** Both ends get a new port: what a node had before led to an end that is gone. */
  function join(name: string, nodes: ReadonlySet<number>): void {
    const { port1, port2 } = new MessageChannel();
    const [a, b] = [...nodes];
    lines.get(a!)!.postMessage([{ name } satisfies ExchangeAnswer], [port1]);
    lines.get(b!)!.postMessage([{ name } satisfies ExchangeAnswer], [port2]);
  }

  return {
    connect(node, line) {
      leave(node);
      lines.set(node, line);
      line.onmessage = (event: MessageEvent<Envelope<ExchangeRequest>>) => {
        if (lines.get(node) !== line) return;
        const { type, name } = takeOut(event);
        const nodes = open.get(name) ?? new Set();
        if (type === 'close') {
          nodes.delete(node);
          if (nodes.size === 0) open.delete(name);
          return;
        }
        nodes.add(node);
        open.set(name, nodes);
        if (nodes.size === 2) join(name, nodes);
      };
      return () => {
        if (lines.get(node) === line) leave(node);
      };
    },
  };
}

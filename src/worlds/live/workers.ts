import { releaseProxy, transfer, wrap, type Remote } from 'comlink';
import type { DirectoryPort, NodeReady } from '../../agents/contract.ts';
import type { HostEvents, HostHandle } from '../../fleet/ports.ts';
import type { DeskPort } from '../../provider/port.ts';
import type { Library } from './corpora.ts';
import { watchLifeLock } from './deathWatch.ts';
import { takeOut, type Envelope } from './envelope.ts';
import type { NodeBoot, NodeControl, NodeEvent } from './nodeControl.ts';
import type { ProviderControl } from './providerControl.ts';
import type { PortExchange } from './portExchange.ts';
import { serveDesk } from './remotePorts.ts';
import type { StoreControl } from './storeControl.ts';

/** A script that never ran has no message of its own. */
const LOAD_FAILED = 'its script could not be loaded; check the connection and reload the page.';

/** A worker with its control, and how to end both. */
export interface Controlled<T> {
  readonly control: Remote<T>;
  /** Rejects with a sentence when its script cannot be loaded or fails. */
  readonly failed: Promise<never>;
  end(): void;
}

function controlled<T>(worker: Worker, what: string): Controlled<T> {
  const control = wrap<T>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      reject(new Error(`The worker of ${what} failed: ${event.message || LOAD_FAILED}`));
    };
  });
  failed.catch(() => undefined);
  return {
    control,
    failed,
    end() {
      control[releaseProxy]();
      worker.terminate();
    },
  };
}

export const spawnStore = (): Controlled<StoreControl> =>
  controlled(
    new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module', name: 'store' }),
    'crash memory',
  );

export const spawnProvider = (): Controlled<ProviderControl> =>
  controlled(
    new Worker(new URL('./provider.worker.ts', import.meta.url), { type: 'module', name: 'provider' }),
    'the provider',
  );

/** What a node's worker is connected to. */
export interface NodeSurroundings {
  readonly store: Remote<StoreControl>;
  readonly provider: Remote<ProviderControl>;
  readonly desk: DeskPort;
  readonly directory: DirectoryPort;
  readonly library: Library;
  readonly exchange: PortExchange;
  readonly boot: Omit<NodeBoot, 'spec' | 'lock'>;
}

/** Starts a worker for one incarnation of a node and watches over its life. */
export function spawnNode(
  grove: string,
  node: number,
  inc: number,
  around: NodeSurroundings,
  events: HostEvents,
): HostHandle {
  const lock = `${grove}/life/${node}/${inc}`;
  const worker = new Worker(new URL('./node.worker.ts', import.meta.url), {
    type: 'module',
    name: `node ${node}`,
  });
  const remote = wrap<NodeControl>(worker);
  const journal = new MessageChannel();
  const provider = new MessageChannel();
  const desk = new MessageChannel();
  const news = new MessageChannel();
  const exchange = new MessageChannel();
  let stopWatching: () => void = () => undefined;
  worker.onerror = (event) => events.onFailure(`its script failed: ${event.message || LOAD_FAILED}`);

  void around.store.connect(node, inc, transfer(journal.port1, [journal.port1]));
  void around.provider.connect(node, transfer(provider.port1, [provider.port1]));
  const leaveExchange = around.exchange.connect(node, exchange.port1);
  serveDesk(desk.port1, around.desk, around.directory, around.library);
  news.port1.onmessage = (message: MessageEvent<Envelope<NodeEvent>>) => {
    const event = takeOut(message);
    switch (event.type) {
      case 'alive':
        stopWatching = watchLifeLock(lock, events.onDied);
        break;
      case 'beat':
        events.onBeat(event.telemetry);
        break;
      case 'failure':
        events.onFailure(event.message);
        break;
      case 'warning':
        events.onWarning(event.message);
    }
  };
  return {
    start(spec): Promise<NodeReady> {
      const ports = {
        journal: journal.port2,
        provider: provider.port2,
        desk: desk.port2,
        events: news.port2,
        exchange: exchange.port2,
      };
      return remote.start({ ...around.boot, spec, lock }, transfer(ports, Object.values(ports)));
    },
    terminate() {
      // The death is left for the watch to find; only a grove that is closed stops watching.
      worker.terminate();
    },
    release() {
      stopWatching();
      worker.terminate();
      leaveExchange();
      void around.provider.disconnect(node);
      desk.port1.close();
      news.port1.close();
    },
    pause: (forMs) => void remote.pause(forMs),
    links: {
      disturb: (...trouble) => void remote.trouble('disturb', ...trouble),
      cut: (...cut) => void remote.trouble('cut', ...cut),
      blow: (...blow) => void remote.trouble('blow', ...blow),
    },
    knownItems: () => remote.knownItems(),
    inspect: (agent) => remote.inspect(agent),
  };
}

export type World = 'live' | 'virtual';

/** Which of the two worlds the page shows and the machine's door speaks of. */
export interface WorldSwitch {
  readonly shown: World;
  show(world: World): void;
  /** Hears of every change until the returned function is called. */
  onShow(listener: (world: World) => void): () => void;
}

export function createWorldSwitch(first: World): WorldSwitch {
  let shown = first;
  const listeners = new Set<(world: World) => void>();
  return {
    get shown() {
      return shown;
    },
    show(world) {
      if (world === shown) return;
      shown = world;
      for (const listener of listeners) listener(world);
    },
    onShow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

import type { Env } from '../kernel/env.ts';
import type { AgentId } from '../kernel/ids.ts';
import { Directory } from '../memory/directory.ts';
import type { DirectoryEntry, DirectoryPort } from './contract.ts';

/** The one directory of a grove, kept beside the conductor: nodes ask it instead of each holding a copy. */
export interface DirectoryDesk extends DirectoryPort {
  /** Takes up what agents archive; an agent's newer entry replaces its older one. */
  learn(entries: readonly DirectoryEntry[]): void;
  /** These agents are named no more. */
  forget(agents: readonly AgentId[]): void;
}

export function createDirectoryDesk(env: Env): DirectoryDesk {
  const directory = new Directory();
  return {
    learn(entries) {
      for (const { agent, summary } of entries) directory.put(agent, summary);
    },
    forget(agents) {
      for (const agent of agents) directory.delete(agent);
    },
    lookup({ stems, k, except }, done) {
      const weights = directory.weigh(stems);
      const experts = directory.experts(weights, k, except);
      env.defer(() => done({ weights, experts }));
    },
  };
}

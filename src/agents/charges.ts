import { agentId } from '../kernel/ids.ts';
import { share, type CorpusEntry } from '../memory/corpus.ts';
import type { AgentCharge } from './contract.ts';

const TITLES_SHOWN = 4;

/** Shares documents out among so many agents. */
export function chargesOf(
  documents: readonly Pick<CorpusEntry, 'title' | 'passages'>[],
  agents: number,
): AgentCharge[] {
  return share(documents, agents).map((slices, i) => {
    const titles = [...new Set(slices.map((s) => documents[s.document]!.title))];
    const shown = titles.slice(0, TITLES_SHOWN).join(', ');
    const more = titles.length > TITLES_SHOWN ? ` and ${titles.length - TITLES_SHOWN} more` : '';
    return {
      id: agentId(i),
      charge: titles.length === 0 ? 'Archivist without a text of its own' : `Archivist of ${shown}${more}`,
      slices,
    };
  });
}

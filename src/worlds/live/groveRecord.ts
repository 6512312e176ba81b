import type { AgentOptions } from '../../agents/options.ts';
import type { SourceDocument } from '../../memory/documents.ts';
import { corpusOf, type Corpus } from './corpora.ts';

/** Records of another format are not gone on from. */
const FORMAT = 1;

/** What a grove keeps of itself in crash memory, so that a later visit can go on where it was. */
export interface GroveRecord {
  readonly format: number;
  /** Nodes and agents: another layout cannot take up this one's messages. */
  readonly agents: number;
  readonly pool: number;
  readonly corpusId: string;
  /** `agents.documents`; absent in records that are older than it. */
  readonly documents?: number;
  readonly corpusName: string;
  /** Own documents follow as texts of their own. */
  readonly own: boolean;
}

export function writeRecord(
  corpus: Corpus,
  { count, pool, documents: limit }: Pick<AgentOptions, 'count' | 'pool' | 'documents'>,
): string[] {
  const record: GroveRecord = {
    format: FORMAT,
    agents: count,
    pool,
    documents: limit,
    corpusId: corpus.id,
    corpusName: corpus.name,
    own: corpus.source.type === 'own',
  };
  const documents = corpus.source.type === 'own' ? corpus.source.documents : [];
  return [JSON.stringify(record), ...documents.map((d) => JSON.stringify(d))];
}

/** The record of an earlier visit, with the visitor's own corpus where it had one; null when there is none to go on from. */
export function readRecord(texts: readonly string[]): { record: GroveRecord; own: Corpus | null } | null {
  const [first, ...documents] = texts;
  if (first === undefined) return null;
  const record = JSON.parse(first) as GroveRecord;
  if (record.format !== FORMAT) return null;
  const own = record.own
    ? corpusOf(
        documents.map((text) => JSON.parse(text) as SourceDocument),
        record.corpusName,
      )
    : null;
  return { record, own };
}

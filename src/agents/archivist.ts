import type { Message } from '../bus/wire.ts';
import { bestFirst, jointWeights } from '../memory/mergedRecall.ts';
import type { RecallHit, WeightedTerm } from '../memory/record.ts';
import { analyse } from '../memory/text.ts';
import type { AgentContext, Behaviour, Turn } from './behaviour.ts';
import { sendWhenRoom } from './patience.ts';
import { ReplyTimes } from './replyTimes.ts';
import { choosePrompt, worthTelling } from './promptPassages.ts';
import type { DirectoryAnswer } from './contract.ts';
import {
  GATE_ADDRESS,
  type AnswerBody,
  type AskBody,
  type Citation,
  type Leg,
  type LegName,
  type PassagesBody,
  type QuestionBody,
  type ToldPassage,
} from './protocol.ts';

export interface ArchivistOptions {
  readonly askOthers: number;
  readonly recallPassages: number;
  readonly maxOutputTokens: number;
  /** How many tokens of prompt a question may cost; the same for the same question. */
  readonly promptTokens: (question: string) => number;
  /** Begins the key under which an answer is kept; nothing when missing. */
  readonly cacheUnder?: string;
  /** The ring that grows now: where exchanges are remembered. */
  readonly ring: string;
  readonly date: string;
}

/** A reply that comes after the agent went on still tells how long replies take, but not for ever. */
const LATE_REPLY_MS = 60_000;

/** Where a passage came from on its way into a prompt. */
interface Candidate extends ToldPassage {
  readonly agent: string;
}

/** The one behaviour of the built-in grove: keeps a share of the texts, answers questions about all of them. */
export function createArchivist(ctx: AgentContext, options: ArchivistOptions): Behaviour {
  const { env, memory, directory, model } = ctx;
  const replies = new Map<string, (body: PassagesBody, from: string) => void>();
  const replyTimes = new ReplyTimes();
  let attempts = 0;

  function recall(text: string, terms: readonly WeightedTerm[], k: number): RecallHit[] {
    const startMs = env.now();
    // Exchanges are the agent's own experience, not a source.
    const hits = memory.recall(terms, k, { kind: 'archive', text });
    const ms = env.now() - startMs;
    ctx.timeRush(ms, new Set(hits.map((hit) => memory.zoneOf(hit.record.seq) ?? '')));
    memory.noteAccess(
      hits.map((hit) => hit.record.seq),
      ms,
    );
    return hits;
  }

  /** Asks the directory; the weights are those to ask with. */
  function lookUp(stems: readonly string[]): Promise<DirectoryAnswer> {
    return new Promise((resolve) => {
      directory.lookup({ stems, k: options.askOthers, except: ctx.id }, ({ weights, experts }) => {
        resolve({ experts, weights: jointWeights(weights, memory.localWeights(stems)) });
      });
    });
  }

  const tell = (hits: readonly RecallHit[]): ToldPassage[] =>
    hits.map(({ record: { text, speaker, date, ring, source }, score }) => ({
      record: { text, speaker, date, ring, source },
      score,
    }));

  function answerAsk(from: string, body: AskBody, turn: Turn): void | Promise<void> {
    const hits = recall(body.text, body.terms, body.k);
    turn.recalled(hits.slice(0, 1).map((hit) => hit.record.seq));
    const reply: PassagesBody = { ask: body.ask, passages: tell(hits) };
    return sendWhenRoom(turn, from, 'passages', reply);
  }

  /** Puts the terms to the experts, but for those whose link is full; resolves when all replied or time is up. */
  function askOthers(
    { id, text, deadlineAtMs }: QuestionBody,
    experts: readonly string[],
    terms: readonly WeightedTerm[],
    turn: Turn,
  ): Promise<{ readonly heard: Map<string, PassagesBody>; readonly busy: readonly string[] }> {
    const askedAtMs = env.now();
    const ask = `${id}/${askedAtMs.toFixed(1)}/${++attempts}`;
    const heard = new Map<string, PassagesBody>();
    const body: AskBody = { ask, text, terms, k: options.recallPassages };
    const busy = experts.filter((expert) => !turn.send(expert, 'ask', body));
    turn.commitNow();
    const asked = experts.length - busy.length;
    if (asked === 0) return Promise.resolve({ heard, busy });
    return new Promise((resolve) => {
      let forget = env.setTimer(replyTimes.waitMs(deadlineAtMs - askedAtMs), () => {
        forget = env.setTimer(LATE_REPLY_MS, () => replies.delete(ask));
        resolve({ heard: new Map(heard), busy });
      });
      replies.set(ask, (reply, from) => {
        if (!heard.has(from)) replyTimes.note(env.now() - askedAtMs);
        heard.set(from, reply);
        if (heard.size < asked) return;
        forget();
        replies.delete(ask);
        resolve({ heard, busy });
      });
    });
  }

  async function answerQuestion(question: QuestionBody, turn: Turn): Promise<void> {
    const legs: Leg[] = [];
    let legFrom = 0;
    const leg = (name: LegName, detail: string, untilMs = env.now() - question.intendedAtMs): void => {
      legs.push({ name, fromMs: legFrom, toMs: untilMs, detail });
      legFrom = untilMs;
    };
    leg('to the agent', `${ctx.id} has the question`);
    const stems = [...new Set(analyse(question.text))];
    const { weights: terms, experts } = await lookUp(stems);
    const own = recall(question.text, terms, options.recallPassages);
    leg('own memory', `${own.length} of ${memory.size} memories fit`);

    const { heard, busy } = await askOthers(question, experts, terms, turn);
    const asked = experts
      .filter((agent) => !busy.includes(agent))
      .map((agent) => ({ agent, hits: heard.get(agent)?.passages.length ?? 0 }));
    if (experts.length > 0) {
      const told = asked.reduce((sum, a) => sum + a.hits, 0);
      const were = (n: number): string => (n === 1 ? 'was' : 'were');
      const memories = told === 1 ? 'memory' : 'memories';
      const said = [
        ...(asked.length > 0
          ? [
              `${asked.map((a) => a.agent).join(', ')} ${were(asked.length)} asked; ${told} ${memories} came back`,
            ]
          : []),
        ...(busy.length > 0 ? [`${busy.join(', ')} ${were(busy.length)} too busy to be asked`] : []),
      ];
      leg('asking others', said.join('; '));
    }

    const candidates = worthTelling(
      bestFirst([
        ...tell(own).map((passage) => ({ ...passage, agent: ctx.id })),
        ...[...heard].flatMap(([agent, body]) => body.passages.map((passage) => ({ ...passage, agent }))),
      ]),
    );
    if (candidates.length === 0) {
      leg('model', 'nothing to put to the model');
      await finish(
        'No agent remembers anything about this. Try other words, or ask about a year or a speaker.',
        true,
        [],
      );
      return;
    }
    const { messages, given, extracts } = choosePrompt(
      question.text,
      candidates,
      options.promptTokens(question.text),
    );
    const result = await model.complete({
      agent: ctx.id,
      messages,
      maxTokens: options.maxOutputTokens,
      deadlineAtMs: question.deadlineAtMs,
      cacheKey: (options.cacheUnder ?? '') + [question.text, ...extracts].join('\n'),
      restsOn: given.map((c) => c.record.source),
      question: question.text,
    });
    if (!result.ok) {
      leg('model', result.error.message);
      await finish(result.error.message, false, [], result.error.reason === 'rate-limited');
      return;
    }
    const completion = result.value;
    const endMs = env.now() - question.intendedAtMs;
    leg('waiting for quota', 'the shared quota', Math.max(legFrom, endMs - completion.providerMs));
    leg(
      'model',
      completion.cached
        ? 'the answer was in the cache'
        : `${completion.inputTokens} tokens in, ${completion.outputTokens} out`,
      endMs,
    );
    const citations = citationsIn(completion.text, given);
    turn.recalled(
      own.filter((hit) => citations.some((c) => c.source === hit.record.source)).map((h) => h.record.seq),
    );
    turn.remember({
      kind: 'exchange',
      text: `${question.text} ${completion.text}`,
      speaker: '',
      date: options.date,
      ring: options.ring,
      source: `exchange/${question.id}`,
      atMs: env.now(),
    });
    leg('remembering', 'the exchange goes to crash memory with the answer');
    await finish(completion.text, true, citations, false, completion.cached);

    function finish(
      text: string,
      ok: boolean,
      citations: readonly Citation[],
      rateLimited = false,
      cached = false,
    ): void | Promise<void> {
      const answer: AnswerBody = { id: question.id, ok, text, rateLimited, cached, citations, asked, legs };
      return sendWhenRoom(turn, GATE_ADDRESS, 'answer', answer);
    }
  }

  return {
    receive(message: Message, turn: Turn) {
      switch (message.kind) {
        case 'question':
          return answerQuestion(message.body as QuestionBody, turn);
        case 'ask':
          return answerAsk(message.from, message.body as AskBody, turn);
        case 'passages': {
          // A reply to an attempt that died with its node finds nobody waiting.
          const body = message.body as PassagesBody;
          replies.get(body.ask)?.(body, message.from);
          return;
        }
        default:
          throw new Error(`an archivist does not know messages of kind ${message.kind}`);
      }
    },
  };
}

/** The passages whose numbers the answer names, in the order of their naming. */
function citationsIn(answer: string, given: readonly Candidate[]): Citation[] {
  const numbers = new Set([...answer.matchAll(/\[(\d+)\]/g)].map((m) => Number(m[1])));
  return [...numbers].flatMap((index) => {
    const c = given[index - 1];
    return c ? [{ index, agent: c.agent, ...c.record }] : [];
  });
}

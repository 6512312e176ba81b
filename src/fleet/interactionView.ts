import type { Interaction } from '../agents/gate.ts';
import type { InteractionView } from './views.ts';

/** A question's way as the page shows it. */
export function viewOf(i: Interaction, nodeOf: (agent: string) => number): InteractionView {
  const answer = i.answer;
  const legs = answer?.legs ?? [];
  return {
    id: i.id,
    byVisitor: i.byVisitor,
    question: i.question,
    agent: i.agent,
    node: nodeOf(i.agent),
    askedAgents: (answer?.asked ?? []).map((a) => ({ ...a, node: nodeOf(a.agent) })),
    state: i.state,
    answer:
      answer?.text ??
      (i.state === 'failed' ? 'No answer came before the deadline; try again, or ask at a lower rate.' : ''),
    citations: (answer?.citations ?? []).map((c) => ({ ...c, node: nodeOf(c.agent) })),
    legs:
      i.responseMs === null || legs.length === 0
        ? legs
        : [
            ...legs,
            {
              name: 'back',
              fromMs: legs.at(-1)!.toMs,
              toMs: i.responseMs,
              detail: 'the answer is at the gate',
            },
          ],
    responseMs: i.responseMs,
    found: i.found,
  };
}

import { DEAD_REASONS } from '../bus/deadLetters.ts';
import { REFUSAL_REASONS } from '../bus/wire.ts';
import type { BusView } from './views.ts';

type Note = (name: string, help: string, value: number, labels?: Record<string, string>) => void;

/** What the bus counted, as metrics. Every reason has its series from the start, so that a rate can be drawn of it. */
export function busMetrics({ counts, ...bus }: BusView, counter: Note, gauge: Note): void {
  counter('bus_frames_total', 'Frames posted, of all kinds.', counts.framesPosted);
  counter('bus_acks_total', 'Acks posted by themselves.', counts.acksPosted);
  counter('bus_messages_posted_total', 'Messages posted, resent ones included.', counts.messagesPosted);
  counter('bus_messages_received_total', 'Messages handed on in order.', counts.messagesReceived);
  counter('bus_resend_timers_total', 'Resend timers that ran out.', counts.resendTimers);
  const resent = 'Messages that went out again, by what for.';
  counter('bus_resent_messages_total', resent, counts.resentByTimer, { reason: 'timer' });
  counter('bus_resent_messages_total', resent, counts.resentByGap, { reason: 'gap' });
  counter('bus_duplicates_total', 'Messages that came again and were dropped.', counts.duplicates);
  counter('bus_skipped_total', 'Numbers that a peer went on beyond: they never come.', counts.skipped);
  for (const reason of REFUSAL_REASONS)
    counter('bus_refused_total', 'What links refused, by reason.', bus.refused[reason] ?? 0, { reason });
  for (const how of ['lost', 'duplicated', 'overtaken', 'delayed'])
    counter('bus_frames_hurt_total', 'Frames that injected faults befell, by how.', bus.hurt[how] ?? 0, {
      how,
    });
  counter('bus_credit_waits_total', "Times that a link's credit was used up.", counts.creditWaits);
  counter('bus_sends_refused_total', 'Sends that a full link did not take.', counts.full);
  counter('bus_redelivered_total', 'Messages delivered again after a restart.', counts.redelivered);
  const byLevel = 'Messages of level memory, by what became of them.';
  counter('bus_memory_messages_total', byLevel, counts.memorySent, { fate: 'sent' });
  counter('bus_memory_messages_total', byLevel, counts.memoryReceived, { fate: 'received' });
  counter('bus_dealt_total', 'Messages dealt with.', counts.dealt);
  counter('bus_failures_total', 'Times that dealing with a message failed.', counts.failures);
  counter('bus_poisoned_total', 'Messages given up since dealing with them kept failing.', counts.poisoned);
  counter('bus_expired_total', 'Messages past their deadline.', counts.expired);
  for (const reason of DEAD_REASONS)
    counter('dead_letters_total', 'Dead letters, by reason.', bus.dead[reason] ?? 0, { reason });
  counter('requests_total', 'Requests opened.', counts.requestsOpened);
  counter('requests_cancelled_total', 'Requests taken back.', counts.requestsCancelled);
  counter('requests_stale_replies_total', 'Replies for which nobody waited any more.', counts.staleReplies);
  gauge('requests_open', 'Requests without an end.', bus.requestsOpen);
  gauge('topics', 'Topics with durable subscriptions.', bus.topics);
  gauge('topic_subscriptions', 'Durable subscriptions.', bus.subscriptions);
  gauge('clock_ahead_ms', 'The furthest a hybrid clock is ahead of its physical one, ms.', bus.clockAheadMs);
  counter('clock_refused_total', 'Stamps too far ahead to be followed.', counts.clockRefused);
  gauge('bus_inbox_messages', 'Messages accepted and not dealt with.', bus.inbox);
  gauge('bus_unsettled_messages', 'Messages sent and not settled.', bus.unsettled);
  for (const { name, most, bound } of bus.queues) {
    gauge('bus_queue_messages_max', 'The most that any link had in a queue.', most, { queue: name });
    gauge('bus_queue_bound_messages', 'What any link may have in a queue.', bound, { queue: name });
  }
}

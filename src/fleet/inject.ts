import { duration, plural, type Story } from './story.ts';
import type { Fault } from './views.ts';
import type { Ward } from './ward.ts';

/** What a fault needs of the conductor. */
export interface Breakable {
  now(): number;
  /** Calls `fn` after `delayMs`, unless the grove was stopped. */
  after(delayMs: number, fn: () => void): void;
  readonly story: Story;
  readonly wards: ReadonlyMap<number, Ward>;
  readonly nodes: number;
  readonly disturbProvider: (slowdown: number, failing: number) => void;
  readonly noteKill: () => void;
  readonly questions: () => { readonly asked: number; readonly failed: number };
  readonly wire429: () => number;
  /** Messages lost in this run, by the ledger. */
  readonly lost: () => number;
}

/** Breaks what a fault says; null when done, else the sentence why not. The aftermath is told when it is over. */
export function injectFault(fault: Fault, on: Breakable): string | null {
  const { story, wards, nodes } = on;
  if (fault.type === 'provider') {
    on.disturbProvider(fault.slowdown, fault.failing);
    story.tell(
      'fault',
      `The provider is disturbed for ${duration(fault.forMs)}: ${fault.slowdown} times as slow, ${Math.round(fault.failing * 100)} % of requests fail.`,
    );
    on.after(fault.forMs, () => {
      on.disturbProvider(1, 0);
      story.tell(
        'recovery',
        `The provider is itself again; ${plural(on.questions().failed, 'question')} of ${on.questions().asked} have failed in this run, ${on.wire429()} wire 429s.`,
      );
    });
    return null;
  }
  const id = fault.type === 'link' ? fault.from : fault.node;
  const ward = wards.get(id);
  if (!ward) return `There is no node ${id}; nodes are 1 to ${nodes}.`;
  if (!ward.handle || ward.state === 'dead' || ward.state === 'spawning')
    return `Node ${id} is not up (it is ${ward.state}); wait until it is.`;
  switch (fault.type) {
    case 'kill':
      on.noteKill();
      ward.killedAtMs = on.now();
      ward.state = 'dead';
      ward.handle.terminate();
      story.tell(
        'fault',
        `Node ${id} was killed${ward.telemetry ? ` with ${plural(ward.telemetry.inbox, 'message')} in hand` : ''}.`,
      );
      return null;
    case 'pause':
      ward.state = 'paused';
      ward.pausedUntilMs = on.now() + fault.forMs;
      ward.handle.pause(fault.forMs);
      story.tell('fault', `Node ${id} is paused for ${duration(fault.forMs)}.`);
      on.after(fault.forMs + 1_000, () =>
        story.tell(
          'recovery',
          `Node ${id} goes on after its pause; ${on.lost()} messages are lost in this run.`,
        ),
      );
      return null;
    case 'link': {
      if (!wards.has(fault.to) && fault.to !== 0)
        return `There is no node ${fault.to}; nodes are 0 (the gate) to ${nodes}.`;
      ward.handle.disturbLink(fault.to, fault.loss, fault.delayMs, fault.forMs);
      const resendsBefore = ward.telemetry?.bus.resends ?? 0;
      story.tell(
        'fault',
        `The link from node ${id} to ${fault.to === 0 ? 'the gate' : `node ${fault.to}`} loses ${Math.round(fault.loss * 100)} % of its frames and is ${duration(fault.delayMs)} late, for ${duration(fault.forMs)}.`,
      );
      on.after(fault.forMs + 2_000, () =>
        story.tell(
          'recovery',
          `The link from node ${id} is whole again; ${plural(Math.max(0, (ward.telemetry?.bus.resends ?? 0) - resendsBefore), 'resend')} made up for what it lost; ${on.lost()} messages are lost in this run.`,
        ),
      );
      return null;
    }
  }
}

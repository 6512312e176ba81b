import type { Env } from '../../../src/kernel/env.ts';
import type { PeerTask } from './plan.ts';

/** Sends one batch to each peer a turn, as a busy node does, while `mayGoOn` says so; `done` once all is sent. */
export function pump(
  task: PeerTask,
  env: Env,
  sendBatch: (peer: number, messages: number) => void,
  mayGoOn: () => boolean,
  done: () => void = () => undefined,
): void {
  let sent = 0;
  const turn = (): void => {
    if (!mayGoOn()) return void env.setTimer(1, turn);
    const n = Math.min(task.options.batchMessages, task.messages - sent);
    for (const peer of task.peers) sendBatch(peer, n);
    sent += n;
    if (sent < task.messages) env.defer(turn);
    else done();
  };
  turn();
}

/** Sends to the peers in turn, `task.perS` a second: at each timer what is due by then; `done` once all is sent. */
export function pace(task: PeerTask, env: Env, send: (peer: number) => void, done: () => void): void {
  const total = task.messages * task.peers.length;
  const beganMs = env.now();
  let sent = 0;
  const turn = (): void => {
    const due = Math.min(total, Math.floor(((env.now() - beganMs) * task.perS) / 1_000));
    for (; sent < due; sent++) send(task.peers[sent % task.peers.length]!);
    if (sent < total) env.setTimer(1, turn);
    else done();
  };
  turn();
}

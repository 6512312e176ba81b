import { parentPort } from 'node:worker_threads';
import { runOnce, type VirtualCommand } from './virtualCommand.ts';

/** A thread that runs one command after the other in virtual time, and says how long each took. */
parentPort?.on('message', (command: VirtualCommand) => {
  const startedAt = performance.now();
  void runOnce(command).then((outcome) => {
    parentPort?.postMessage({ outcome, wallMs: performance.now() - startedAt });
  });
});

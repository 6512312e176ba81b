import { describe, expect, it } from 'vitest';
import { agentCheckpoint } from '../../../src/agents/agentLog.ts';
import { createAgentLogs, type AgentLogs, type LoggedAgent } from '../../../src/agents/agentLogs.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { JournalPort } from '../../../src/memory/journal.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

/** An agent with so many memories; `log` is how many entries its log has when its node comes up. */
function agentOf(memories: number, log: number): LoggedAgent {
  const memory = createAgentMemory(memoryOptions.fallback!());
  for (let i = 0; i < memories; i++)
    memory.remember({
      ...{ kind: 'archive', text: `passage ${i}`, source: `text#${i}` },
      ...{ speaker: '', date: '', ring: 'r', atMs: 0 },
    });
  expect(memory.size).toBe(memories);
  return { id: 'a000', memory, log: { entries: log, planted: 'corpus' } };
}

/** The logs of that agent alone, and the checkpoints that were written, by how many entries they have. */
function logsOf(agent: LoggedAgent): { readonly logs: AgentLogs; readonly checkpoints: number[] } {
  const checkpoints: number[] = [];
  const journal: Pick<JournalPort, 'checkpoint'> = {
    checkpoint: (_, texts) => void checkpoints.push(texts.length),
  };
  return {
    logs: createAgentLogs(createTestEnv(), journal as JournalPort, undefined, [agent], () => undefined),
    checkpoints,
  };
}

/** Notes entries one by one, as turns do, and gives a checkpoint its chance after each. */
function turns(logs: AgentLogs, agent: LoggedAgent, n: number): void {
  for (let i = 0; i < n; i++) {
    logs.note(agent.id, 1);
    logs.checkpoint(agent, false);
  }
}

describe("an agent's log", () => {
  it.each([100, 1_000, 3_000])(
    'of %i planted memories is not written twice, neither when they are saved nor when the node comes back',
    (memories) => {
      const planted = agentOf(memories, 0);
      const first = logsOf(planted);
      first.logs.note(planted.id, memories + 1);
      first.logs.checkpoint(planted, false);
      turns(first.logs, planted, 500);
      expect(first.checkpoints).toEqual([]);
      const back = agentOf(memories, memories + 1 + 500);
      const second = logsOf(back);
      turns(second.logs, back, 100);
      expect(second.checkpoints).toEqual([]);
    },
  );

  it.each([
    { memories: 100, grows: 1_000 },
    { memories: 3_000, grows: 3_000 },
  ])(
    'of $memories memories is replaced each time a checkpoint saves $grows entries or a little more',
    ({ memories, grows }) => {
      const agent = agentOf(memories, memories + 1);
      const { logs, checkpoints } = logsOf(agent);
      turns(logs, agent, grows - 1);
      expect(checkpoints).toEqual([]);
      turns(logs, agent, 1);
      const entries = agentCheckpoint(agent.memory!, 'corpus').length;
      expect(checkpoints).toEqual([entries]);
      turns(logs, agent, grows - (entries - memories));
      expect(checkpoints).toHaveLength(1);
      turns(logs, agent, 1);
      expect(checkpoints).toEqual([entries, entries]);
    },
  );

  it('is replaced at once when something was forgotten', () => {
    const agent = agentOf(10, 11);
    const { logs, checkpoints } = logsOf(agent);
    logs.note(agent.id, 1);
    logs.checkpoint(agent, true);
    expect(checkpoints).toHaveLength(1);
  });
});

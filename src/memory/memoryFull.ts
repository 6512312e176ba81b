/** An agent's budget is used up: nothing was remembered. */
export interface MemoryFull {
  readonly reason: 'full';
  /** What happened, why, and what to do next. */
  readonly message: string;
}

export const memoryFull = (bytes: number, budgetBytes: number, memories: number): MemoryFull => ({
  reason: 'full',
  message:
    `This agent's rush memory is full: ${bytes} of ${budgetBytes} bytes hold ${memories} memories and the next one ` +
    `does not fit. Raise memory.rushBytesPerAgent or share the text among more agents.`,
});

export const growthFull = (bytes: number, capacityBytes: number): MemoryFull => ({
  reason: 'full',
  message:
    `This agent's growth rings are full: their texts take ${bytes} of ${capacityBytes} bytes, so nothing more can go ` +
    `there. Raise memory.growthShare or memory.rushBytesPerAgent.`,
});

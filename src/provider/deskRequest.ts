import type { DeskRequest, ModelRequest } from './port.ts';

/** What the desk has to know of a request, and no more: neither messages nor keys go there. */
export function deskRequestOf(
  { agent, maxTokens, deadlineAtMs, dueAtMs, cacheKey, restsOn, question, priority }: ModelRequest,
  more: Partial<DeskRequest> & Pick<DeskRequest, 'inputTokens'>,
): DeskRequest {
  return {
    agent,
    ...more,
    maxOutputTokens: maxTokens,
    deadlineAtMs,
    ...(dueAtMs === undefined ? {} : { dueAtMs }),
    ...(cacheKey === undefined ? {} : { cacheKey }),
    ...(restsOn === undefined ? {} : { restsOn }),
    ...(question === undefined ? {} : { question }),
    ...(priority === undefined ? {} : { priority }),
  };
}

import { err, ok, type Result } from '../kernel/result.ts';
import { array, describeIssue, integer, string, type Schema } from '../kernel/schema.ts';
import type { Failure, ModelCall } from './dialect.ts';
import type { Profile } from './profile.ts';
import type { PromptMessage } from './prompt.ts';
import type { PromptPart } from './promptCache.ts';

const TEXT_MAX = 4_000_000;
const MESSAGES_MAX = 10_000;

export const badRequest = (message: string, code = 'invalid_request'): Failure => ({
  type: 'bad request',
  code,
  message,
});

/** A body as a JSON object. @param body a text, or what was handed over as it is */
export function readObject(body: unknown): Result<Readonly<Record<string, unknown>>, Failure> {
  let value = body;
  try {
    if (typeof body === 'string') value = JSON.parse(body);
  } catch {
    return err(badRequest('The body is not JSON.'));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return err(badRequest('The body must be a JSON object.'));
  return ok(value as Record<string, unknown>);
}

/** The text of a message's content: a string, or an array of blocks of which those of text count. */
export function readContent(content: unknown, path: string): Result<PromptPart[], Failure> {
  if (typeof content === 'string' && content.length <= TEXT_MAX) return ok([{ text: content, keep: false }]);
  if (!Array.isArray(content))
    return err(
      badRequest(
        `${path} must be a text or an array of blocks, got ${JSON.stringify(content).slice(0, 60)}.`,
      ),
    );
  const parts: PromptPart[] = [];
  for (const block of content as (Record<string, unknown> | null)[]) {
    if (typeof block !== 'object' || block === null)
      return err(badRequest(`${path} must hold blocks, got ${JSON.stringify(block)}.`));
    if (block['type'] !== 'text') continue;
    const text = string(0, TEXT_MAX).parse(block['text'], `${path}.text`);
    if (!text.ok) return err(badRequest(`${text.error.map(describeIssue).join('; ')}.`));
    parts.push({
      text: text.value,
      keep: block['cache_control'] !== undefined && block['cache_control'] !== null,
    });
  }
  return ok(parts);
}

/** Anything at all. */
const anything: Schema<unknown> = { parse: (value) => ok(value) };

/**
 * The part of a request that both dialects share.
 * @param roles that a message may have
 * @param before parts that are read before the messages
 */
export function readCall(
  given: Readonly<Record<string, unknown>>,
  profile: Profile,
  roles: Readonly<Record<string, PromptMessage['role']>>,
  maxTokens: unknown,
  before: readonly PromptPart[],
): Result<Omit<ModelCall, 'stream' | 'includeUsage'>, Failure> {
  const model = string(1, 200).parse(given['model'], 'model');
  if (!model.ok) return err(badRequest(`${model.error.map(describeIssue).join('; ')}.`));
  const list = array(anything, 1, MESSAGES_MAX).parse(given['messages'], 'messages');
  if (!list.ok) return err(badRequest(`${list.error.map(describeIssue).join('; ')}.`));
  const most = integer(1, profile.maxOutputTokens).parse(maxTokens, 'max_tokens');
  if (!most.ok) return err(badRequest(`${most.error.map(describeIssue).join('; ')}.`));
  const parts: PromptPart[] = [...before];
  const messages: PromptMessage[] = before
    .filter((part) => part.text !== '')
    .map((part) => ({ role: 'system', content: part.text }));
  for (const [i, item] of (list.value as (Record<string, unknown> | null)[]).entries()) {
    if (typeof item !== 'object' || item === null)
      return err(badRequest(`messages[${i}] must be an object, got ${JSON.stringify(item)}.`));
    const role = roles[String(item['role'])];
    if (role === undefined)
      return err(
        badRequest(
          `messages[${i}].role must be one of ${Object.keys(roles).join(', ')}, got ${JSON.stringify(item['role'])}.`,
        ),
      );
    const content = readContent(item['content'] ?? '', `messages[${i}].content`);
    if (!content.ok) return content;
    parts.push(...content.value);
    messages.push({ role, content: content.value.map((part) => part.text).join('\n') });
  }
  return ok({ model: model.value, messages, parts, maxTokens: most.value });
}

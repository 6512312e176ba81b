import { array, describeIssue, integer, object, oneOf, string } from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Profile } from './profile.ts';
import type { PromptMessage } from './prompt.ts';

/** The fields of a chat completion request that the endpoint heeds. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly PromptMessage[];
  readonly maxTokens: number;
}

const messagesSchema = array(
  object({ role: oneOf('system', 'user', 'assistant'), content: string(0, 1_000_000) }),
  1,
  1_000,
);

/** An error response in the shape of OpenAI's API. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return new Response(JSON.stringify({ error: { message, type, param: null, code } }), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** A request's body, or the 400 that says what is wrong with it. Fields it does not know are let pass, as real endpoints do. */
export function parseChat(body: string, profile: Profile): Result<ChatRequest, Response> {
  const bad = (message: string): Result<ChatRequest, Response> =>
    err(refusal(400, 'invalid_request', message));
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return bad('The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('The body must be a JSON object.');
  const given = value as Record<string, unknown>;
  if (given['stream'] === true) return bad('stream is not supported here; leave it out.');
  const model = string(1, 200).parse(given['model'], 'model');
  const messages = messagesSchema.parse(given['messages'], 'messages');
  const maxTokens = integer(1, profile.maxOutputTokens).parse(
    given['max_tokens'] ?? given['max_completion_tokens'] ?? profile.maxOutputTokens,
    'max_tokens',
  );
  if (!model.ok) return bad(`${model.error.map(describeIssue).join('; ')}.`);
  if (!messages.ok) return bad(`${messages.error.map(describeIssue).join('; ')}.`);
  if (!maxTokens.ok) return bad(`${maxTokens.error.map(describeIssue).join('; ')}.`);
  return ok({ model: model.value, messages: messages.value, maxTokens: maxTokens.value });
}

import type { ModelRequest } from './port.ts';
import type { Profile } from './profile.ts';

/**
 * A model request as the profile's vendor wants it: the end of its path, and its body.
 * @param stream whether the answer is to come token by token; its counts then come at its end
 */
export function requestAs(
  { dialect, model }: Pick<Profile, 'dialect' | 'model'>,
  { messages, maxTokens }: Pick<ModelRequest, 'messages' | 'maxTokens'>,
  stream: boolean,
): { readonly path: string; readonly body: unknown } {
  if (dialect === 'openai')
    return {
      path: '/v1/chat/completions',
      body: {
        model,
        messages,
        max_tokens: maxTokens,
        ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
      },
    };
  // What the system says stands beside the messages there.
  const system = messages
    .filter((m) => m.role === 'system')
    .map((m) => m.content)
    .join('\n');
  return {
    path: '/v1/messages',
    body: {
      model,
      max_tokens: maxTokens,
      messages: messages.filter((m) => m.role !== 'system'),
      ...(system === '' ? {} : { system }),
      ...(stream ? { stream } : {}),
    },
  };
}

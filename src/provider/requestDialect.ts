import type { ModelRequest } from './port.ts';
import type { Profile } from './profile.ts';

/** A model request as the profile's vendor wants it: the end of its path, and its body. */
export function requestAs(
  { dialect, model }: Pick<Profile, 'dialect' | 'model'>,
  { messages, maxTokens }: Pick<ModelRequest, 'messages' | 'maxTokens'>,
): { readonly path: string; readonly body: unknown } {
  if (dialect === 'openai')
    return { path: '/v1/chat/completions', body: { model, messages, max_tokens: maxTokens } };
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
    },
  };
}

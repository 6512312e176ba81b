import type { FetchHandler } from './port.ts';
import type { Profile } from './profile.ts';

/** Who may ask, and for what. */
export interface Account {
  /** Requests without this key are refused (401); anybody may ask when it is missing. */
  readonly key?: string;
  /** The only model there is: others are not found (404). Any name will do when it is missing. */
  readonly model?: string;
}

/** The key that a request shows, in either vendor's header. */
function keyOf(headers: Headers): string | null {
  return headers.get('x-api-key') ?? /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

function refusal(dialect: Profile['dialect'], status: number, type: string, code: string, message: string) {
  const body =
    dialect === 'anthropic'
      ? { type: 'error', error: { type, message } }
      : { error: { message, type: 'invalid_request_error', param: null, code } };
  return Response.json(body, { status });
}

function modelOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly model?: unknown } | null)?.model;
  } catch {
    return undefined;
  }
}

/** A simulated endpoint that knows its customers and its models, and refuses others as the profile's vendor does. */
export function withAccount(
  handler: FetchHandler,
  { dialect }: Pick<Profile, 'dialect'>,
  { key, model }: Account,
): FetchHandler {
  return async (request) => {
    if (key !== undefined && keyOf(request.headers) !== key)
      return refusal(dialect, 401, 'authentication_error', 'invalid_api_key', 'Incorrect API key provided.');
    if (model !== undefined && request.method === 'POST') {
      const asked = modelOf(await request.clone().text());
      if (typeof asked === 'string' && asked !== model)
        return refusal(
          dialect,
          404,
          'not_found_error',
          'model_not_found',
          `The model ${JSON.stringify(asked)} does not exist.`,
        );
    }
    return handler(request);
  };
}

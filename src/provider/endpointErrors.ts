import { at, parseLoose } from './completion.ts';

/** A response that means no answer, as it came. */
export interface BadAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly baseUrl: string;
  readonly model: string;
  readonly hasKey: boolean;
}

/** Codes of 429 and 402 that waiting does not cure. */
const NO_CREDIT = [
  'insufficient_quota',
  'billing_hard_limit_reached',
  'insufficient_credits',
  'billing_not_active',
];

/** The endpoint's own words, shortened. */
function saidBy(body: string): string {
  const json = parseLoose(body);
  const nested =
    at(json, 'error', 'message') ?? at(json, 'error') ?? at(json, 'message') ?? at(json, 'detail');
  const text = typeof nested === 'string' ? nested : json === undefined ? body : '';
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

const quoted = (body: string): string => {
  const said = saidBy(body);
  return said === '' ? '' : ` It says: ${said}`;
};

const isHtml = (contentType: string, body: string): boolean =>
  contentType.includes('text/html') || /^\s*<(!doctype|html)/i.test(body);

/** What went wrong and what to do about it; null where the endpoint's own words are enough. */
export function remedyFor({ status, contentType, body, baseUrl, model, hasKey }: BadAnswer): string | null {
  if (isHtml(contentType, body) && status < 500)
    return `${baseUrl} answered with a web page, not as a model's API does (status ${status}). Correct the base URL: most end in /v1.`;
  const code = at(parseLoose(body), 'error', 'code');
  const type = at(parseLoose(body), 'error', 'type');
  if (status === 402 || [code, type].some((c) => typeof c === 'string' && NO_CREDIT.includes(c)))
    return `The account behind this key has no credit left (status ${status}). Add credit or use another key; waiting does not help.${quoted(body)}`;
  if (status === 401)
    return hasKey
      ? `The endpoint does not accept this API key (status 401). Type it again, and see that it belongs to ${baseUrl}.${quoted(body)}`
      : `The endpoint wants an API key (status 401). Type one into the field.${quoted(body)}`;
  if (status === 403)
    return `The endpoint refuses this key or this page (status 403). See that the key may use the model ${model}, and that the endpoint allows pages of other origins.${quoted(body)}`;
  if (status === 404 && (code === 'model_not_found' || /model/i.test(saidBy(body))))
    return `The endpoint does not know the model ${JSON.stringify(model)} (status 404). Correct its name; with Ollama, pull it first.${quoted(body)}`;
  if (status === 404 || status === 405)
    return `There is nothing at ${baseUrl}/chat/completions (status ${status}). Correct the base URL: most end in /v1.${quoted(body)}`;
  return null;
}

/**
 * Why no answer came at all. A browser does not tell a page: what is known is whether the address answers a request whose
 * answer the page may not read.
 * @param reachable it answered such a request
 */
export function unreachable(baseUrl: string, pageUrl: string, reachable: boolean): string {
  const origin = new URL(pageUrl).origin;
  const local = /^https?:\/\/(localhost|127\.|\[::1\])/.test(baseUrl);
  if (reachable)
    return `${baseUrl} is there, but does not allow this page to read its answers (CORS). Let it allow the origin ${origin}: Ollama by the environment variable OLLAMA_ORIGINS, LM Studio by "Enable CORS", vLLM by --allowed-origins; other services through a gateway of your own.`;
  return local
    ? `Nothing answers at ${baseUrl}. Start the server there (for Ollama: ollama serve), see that the port is right, and that the browser lets this page reach the local network.`
    : `${baseUrl} cannot be reached. Check the address and the connection; the browser may also have blocked it.`;
}

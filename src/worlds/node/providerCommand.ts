import { describeIssue } from '../../kernel/schema.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { withAccount } from '../../provider/account.ts';
import { PROFILE_NAMES, providerOptions, type ProviderOptions } from '../../provider/options.ts';
import { profileOf, type Profile } from '../../provider/profile.ts';
import { createSimulatedProvider, type ProviderCounts } from '../../provider/simulated.ts';
import { createNodeEnv } from './nodeEnv.ts';
import { serveHttp } from './httpServer.ts';

/** What of a scenario's provider an endpoint of its own may be told. */
const NUMBERS = [
  ...['requestsPerMin', 'inputTokensPerMin', 'outputTokensPerMin', 'totalTokensPerMin', 'concurrency'],
  ...['spendCapUsd', 'networkMs', 'networkJitterMs'],
];
const OWN = ['profile', 'port', 'host', 'seed', 'key', 'model', 'enforcement', 'slowdown', 'failing', 'help'];

export const USAGE = `npm run provider -- --profile NAME [--port 8787] [--host 127.0.0.1] [--seed S] [--key K] [--model NAME]
Serves a simulated model provider over HTTP, to any client and to pages of any origin.
  --profile   ${PROFILE_NAMES.join(', ')}
  --port      the port; 0 for any free one
  --seed      decides lengths, latencies and faults
  --key       refuse requests without this API key (401); anybody may ask without it
  --model     the only model there is (others: 404); any name will do without it
  --slowdown  multiplies latencies; --failing the share of requests that fail
  --requestsPerMin, --inputTokensPerMin, --outputTokensPerMin, --totalTokensPerMin, --concurrency, --enforcement,
  --spendCapUsd, --networkMs, --networkJitterMs   as in a scenario, in place of the profile's`;

/** A command that was understood. */
export interface ProviderCommand {
  readonly profile: Profile;
  readonly options: ProviderOptions;
  readonly port: number;
  readonly host: string;
  readonly seed: string;
  readonly key?: string;
  readonly model?: string;
  readonly trouble: { readonly slowdown: number; readonly failing: number };
}

const aNumber = (text: string): number => (text.trim() === '' ? NaN : Number(text));

/** Reads the options of the command line, by name; the error is a sentence. */
export function readCommand(given: Readonly<Record<string, string>>): Result<ProviderCommand, string> {
  const unknown = Object.keys(given).find((name) => !OWN.includes(name) && !NUMBERS.includes(name));
  if (unknown !== undefined) return err(`There is no option --${unknown}.`);
  const known: readonly string[] = PROFILE_NAMES;
  const { profile } = given;
  if (profile === undefined) return err(`Which profile? There are ${known.join(', ')}.`);
  if (!known.includes(profile))
    return err(`There is no profile ${JSON.stringify(profile)}; there are ${known.join(', ')}.`);
  const port = aNumber(given['port'] ?? '8787');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return err(`--port must be a whole number from 0 to 65,535, got ${given['port']}.`);
  const trouble = { slowdown: aNumber(given['slowdown'] ?? '1'), failing: aNumber(given['failing'] ?? '0') };
  if (!(trouble.slowdown >= 1) || !(trouble.failing >= 0 && trouble.failing <= 1))
    return err('--slowdown must be 1 or more, and --failing from 0 to 1.');
  const numbers = NUMBERS.filter((name) => given[name] !== undefined);
  const options = providerOptions.parse(
    {
      profile,
      // The way to this server has a delay of its own.
      networkMs: 0,
      networkJitterMs: 0,
      ...(given['enforcement'] === undefined ? {} : { enforcement: given['enforcement'] }),
      ...Object.fromEntries(numbers.map((name) => [name, aNumber(given[name]!)])),
    },
    'provider',
  );
  if (!options.ok) return err(`${options.error.map(describeIssue).join('; ')}.`);
  return ok({
    profile: profileOf(options.value.profile),
    options: options.value,
    port,
    host: given['host'] ?? '127.0.0.1',
    seed: given['seed'] ?? 'treering',
    trouble,
    ...(given['key'] === undefined ? {} : { key: given['key'] }),
    ...(given['model'] === undefined ? {} : { model: given['model'] }),
  });
}

export interface RunningProvider {
  /** As a client of the profile's vendor wants it. */
  readonly baseUrl: string;
  /** A line for the shell that asks it something. */
  readonly curl: string;
  counts(): ProviderCounts;
  close(): Promise<void>;
}

/** Serves what was asked for. Throws Error when the port cannot be had. */
export async function startProvider(command: ProviderCommand): Promise<RunningProvider> {
  const { profile, options, key, model = profile.model } = command;
  const provider = createSimulatedProvider(
    createNodeEnv(command.seed),
    profile,
    options,
    Math.round(performance.timeOrigin + performance.now()),
  );
  provider.disturb(command.trouble);
  const server = await serveHttp(withAccount(provider.fetch, profile, command), command.port, command.host);
  const anthropic = profile.dialect === 'anthropic';
  const baseUrl = anthropic ? server.url : `${server.url}/v1`;
  const path = anthropic ? '/v1/messages' : '/chat/completions';
  const shown = anthropic ? `-H 'x-api-key: ${key}'` : `-H 'authorization: Bearer ${key}'`;
  const body = {
    model,
    max_tokens: 60,
    stream: true,
    messages: [{ role: 'user', content: 'Tell of the navy.' }],
  };
  return {
    baseUrl,
    curl: `curl -N ${baseUrl}${path} -H 'content-type: application/json'${key === undefined ? '' : ` ${shown}`} -d '${JSON.stringify(body)}'`,
    counts: () => provider.counts(),
    close: () => server.close(),
  };
}

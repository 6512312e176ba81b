import { join } from 'node:path';
import { root } from './process.mjs';
import { options } from './tables.mjs';

const { runnerImport } = await import('vite');
const { module } = await runnerImport(join(root, 'src', 'worlds', 'node', 'providerCommand.ts'), {
  root,
  configFile: false,
  logLevel: 'error',
});

function quit(message) {
  console.error(`${message}\n\n${module.USAGE}`);
  process.exit(2);
}

let given;
try {
  given = options(process.argv.slice(2));
} catch (e) {
  quit(`${e.message}.`);
}
if (given.help !== undefined) {
  console.log(module.USAGE);
  process.exit(0);
}
const command = module.readCommand(given);
if (!command.ok) quit(command.error);

let provider;
try {
  provider = await module.startProvider(command.value);
} catch (e) {
  const { port, host } = command.value;
  quit(
    e.code === 'EADDRINUSE'
      ? `Port ${port} is taken: end what listens there, or take another with --port (0 for any free one).`
      : `The provider cannot listen at ${host}:${port}: ${e.message}.`,
  );
}
const { profile, key } = command.value;
console.log(`${profile.name} (${profile.title}, figures of ${profile.asOf}), simulated, listens.

  base URL   ${provider.baseUrl}
  API key    ${key === undefined ? 'any' : 'the one of --key'}
  model      ${command.value.model ?? `any; its own name is ${profile.model}`}
  try it     ${provider.curl}

Stop it with Ctrl+C.`);

async function end() {
  const c = provider.counts();
  console.log(
    `\n${c.requests} requests: ${c.ok} answered, ${c.status429} refused with 429, ${c.status5xx} failed, ${c.aborted} cut off by their clients, ${c.broken} broken off; ${c.inputTokens} tokens in, ${c.outputTokens} out.`,
  );
  await provider.close();
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end());

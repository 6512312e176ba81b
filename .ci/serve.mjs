import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './process.mjs';
import { setUp } from './setup.mjs';
import { serveStatic } from './static.mjs';

await setUp({ browser: false });
await build({ library: false });
const { url } = await serveStatic(join(root, 'dist'), {
  port: Number(process.env.PORT ?? 4173),
  ...(process.env.HOST === undefined ? {} : { host: process.env.HOST }),
});
console.log(`\nTreering is at ${url}\nStop it with Ctrl+C.`);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildMaelstrom } from '../../.ci/maelstrom.mjs';
import { createRng } from '../../src/kernel/rng.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NODES = ['n1', 'n2', 'n3'];
const LOSS = 0.1;

interface Line {
  readonly src: string;
  readonly dest: string;
  readonly body: Readonly<Record<string, unknown>> & { readonly type: string };
}

/** Processes of the built node, joined by a router that loses every tenth line between them. */
class Processes {
  readonly #children = new Map<string, ChildProcessWithoutNullStreams>();
  readonly #waiting = new Map<number, (body: Line['body']) => void>();
  readonly #rng = createRng('router');
  readonly noise: string[] = [];
  lines = 0;
  #id = 0;

  constructor(file: string) {
    for (const name of NODES) {
      // The file itself, as Maelstrom starts it.
      const child = spawn(file, [], { stdio: 'pipe' });
      child.stderr.on('data', (data) => this.noise.push(String(data)));
      createInterface({ input: child.stdout }).on('line', (line) => this.#route(line));
      this.#children.set(name, child);
    }
  }

  #route(line: string): void {
    const { dest, body } = JSON.parse(line) as Line;
    if (dest.startsWith('c')) {
      this.#waiting.get(body['in_reply_to'] as number)?.(body);
      return;
    }
    this.lines++;
    if (this.#rng.next() >= LOSS) this.#children.get(dest)!.stdin.write(`${line}\n`);
  }

  rpc(node: string, body: Line['body']): Promise<Line['body']> {
    const id = ++this.#id;
    const line = JSON.stringify({ src: 'c1', dest: node, body: { ...body, msg_id: id } });
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#children.get(node)!.stdin.write(`${line}\n`);
    });
  }

  /** Asks until the answer is as it should be; the test's own time limit ends it otherwise. */
  async until(
    node: string,
    body: Line['body'],
    good: (answer: Line['body']) => boolean,
  ): Promise<Line['body']> {
    for (;;) {
      const answer = await this.rpc(node, body);
      if (good(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Closes their input; resolves with their exit codes. */
  end(): Promise<(number | null)[]> {
    return Promise.all(
      [...this.#children.values()].map(
        (child) =>
          new Promise<number | null>((resolve) => {
            child.on('exit', resolve);
            child.stdin.end();
          }),
      ),
    );
  }
}

let file = '';
let processes: Processes;
beforeAll(async () => {
  file = await buildMaelstrom(join(root, 'node_modules', '.cache', 'treering', 'maelstrom'));
  processes = new Processes(file);
  for (const name of NODES)
    expect(await processes.rpc(name, { type: 'init', node_id: name, node_ids: NODES })).toMatchObject({
      type: 'init_ok',
    });
}, 60_000);

describe('the built Maelstrom node, a process each, over a network that loses every tenth line', () => {
  test('adds up what was added anywhere', async () => {
    for (let i = 1; i <= 30; i++)
      expect(await processes.rpc(NODES[i % 3]!, { type: 'add', delta: i })).toMatchObject({ type: 'add_ok' });
    for (const name of NODES)
      expect(await processes.until(name, { type: 'read' }, (a) => a['value'] === 465)).toMatchObject({
        type: 'read_ok',
        value: 465,
      });
  });

  test('gives every message of a key an offset of its own, and shows the same log everywhere', async () => {
    const sends = Array.from({ length: 30 }, (_, i) =>
      processes.rpc(NODES[i % 3]!, { type: 'send', key: 'k', msg: `m${i}` }),
    );
    const logs: [offset: number, message: string][][] = [];
    for (const name of NODES) {
      const polled = await processes.until(
        name,
        { type: 'poll', offsets: { k: 0 } },
        (a) => (a['msgs'] as Record<string, unknown[]>)['k']?.length === sends.length,
      );
      logs.push((polled['msgs'] as Record<string, [number, string][]>)['k']!);
    }
    expect(logs[0]!.map(([offset]) => offset)).toEqual(sends.map((_, i) => i));
    expect(logs[0]!.map(([, message]) => message).toSorted()).toEqual(
      sends.map((_, i) => `m${i}`).toSorted(),
    );
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);

    // A node that could not hear from the leader in time says so (the protocol's code 0: it may have happened or not, and
    // here it has). What it does answer is what the logs hold, and the leader answers its own at once.
    const answers = (await Promise.all(sends)).map((answer, i) => ({ answer, message: `m${i}` }));
    const numbered = answers.filter(({ answer }) => answer.type === 'send_ok');
    for (const { answer, message } of numbered)
      expect(logs[0]![answer['offset'] as number]![1]).toBe(message);
    for (const { answer } of answers)
      if (answer.type !== 'send_ok') expect(answer).toMatchObject({ type: 'error', code: 0 });
    expect(numbered.length).toBeGreaterThanOrEqual(sends.length / NODES.length);

    // Whoever asks again is answered in the end, by every node, and not by the leader alone.
    for (const name of NODES) {
      const { offset } = await processes.until(
        name,
        { type: 'send', key: 'again', msg: name },
        (a) => a.type === 'send_ok',
      );
      const from = { again: offset };
      const polled = await processes.until(
        name,
        { type: 'poll', offsets: from },
        (a) => Object.keys(a['msgs'] as object).length > 0,
      );
      expect((polled['msgs'] as Record<string, unknown[]>)['again']![0]).toEqual([offset, name]);
    }
  });

  test('brings every value to every node', async () => {
    for (let i = 0; i < 30; i++)
      expect(await processes.rpc(NODES[i % 3]!, { type: 'broadcast', message: i })).toMatchObject({
        type: 'broadcast_ok',
      });
    for (const name of NODES) {
      const all = await processes.until(
        name,
        { type: 'read' },
        (a) => (a['messages'] as unknown[] | undefined)?.length === 30,
      );
      expect([...(all['messages'] as number[])].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 30 }, (_, i) => i),
      );
    }
  });

  test('says why it does not do something, and complains of what is no message without ending', async () => {
    expect(await processes.rpc('n1', { type: 'fly' })).toMatchObject({ type: 'error', code: 10 });
    expect(await processes.rpc('n1', { type: 'add', delta: 'much' })).toMatchObject({
      type: 'error',
      code: 12,
    });
    expect(await processes.rpc('n1', { type: 'poll', offsets: 3 })).toMatchObject({
      type: 'error',
      code: 12,
    });
    expect(await processes.rpc('n1', { type: 'echo', echo: ['still', 'here'] })).toMatchObject({
      echo: ['still', 'here'],
    });
    expect(processes.lines).toBeGreaterThan(0);
    expect(processes.noise).toEqual([]);
  });

  test('ends when its input does', async () => {
    expect(await processes.end()).toEqual([0, 0, 0]);
  });
});

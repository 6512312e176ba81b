import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AGENT_MEMORY } from '../../src/lab/exams.ts';
import { runExam } from '../../src/memory/examRun.ts';
import { parseScenario } from '../../src/scenario/scenario.ts';
import { WITH_VECTORS } from '../../src/memory/exam.ts';
import { withModel } from '../../src/memory/examEndpoint.ts';
import { madeEmbeddings } from '../harness/madeEmbeddings.ts';
import { madeSquad } from '../harness/madeExam.ts';
import { packedWordVectors } from '../harness/wordVectors.ts';
import { everything, expect, expectAccessible, linkTo, open, small, snapshot, test } from './page.ts';

// One visit for all of it: a grove's start costs both cores seconds.
test('a memory exam: figures as Node has them, the vital sign, a cancelled one, a file that is none, and for everybody', async ({
  page,
  elsewhere,
}) => {
  await open(page, linkTo(small));
  const panel = page.getByRole('region', { name: 'Memory exam' });
  const picker = panel.getByLabel('Files of a data set');
  const selfTest = (await snapshot(page)).vitalSigns.memory.metric;
  const text = madeSquad(3, 4);
  const file = (name: string, body: string | Buffer) => ({
    name,
    mimeType: 'application/json',
    buffer: Buffer.from(body),
  });

  await test.step('an exam is taken, compressed or not, and becomes the vital sign under its own name', async () => {
    const scenario = parseScenario({});
    if (!scenario.ok) throw new Error(scenario.error.join());
    const run = runExam([{ name: 'made.json', text }], scenario.value, packedWordVectors());
    let step = run.next();
    while (!step.done) step = run.next();
    if (!step.value.ok) throw new Error(step.value.error.message);
    const own = step.value.value.results.find((r) => r.examinee === AGENT_MEMORY)!;
    await picker.setInputFiles(file('made.json.gz', gzipSync(text)));
    await expect(panel).toContainText('This is the vital sign memory accuracy now');
    const row = panel.getByRole('row', { name: AGENT_MEMORY }).first();
    await expect(row).toContainText((100 * own.overall['R@1'].mean).toFixed(1));
    await expect(row).toContainText((100 * own.overall['MRR'].mean).toFixed(1));
    // The agents of the scenario that runs, not of another.
    const grove = panel.getByRole('row', { name: 'a grove of 8 agents that ask 3 others' }).first();
    await expect(grove).toContainText(/100\.0|\d\d\.\d/);
    const vectors = step.value.value.results.find((r) => r.examinee === WITH_VECTORS)!;
    await expect(panel.getByRole('row', { name: WITH_VECTORS }).first()).toContainText(
      (100 * vectors.overall['MRR'].mean).toFixed(1),
    );
    const sign = (await snapshot(page)).vitalSigns.memory;
    expect(sign.value).toBe(own.overall['hit@5'].mean);
    expect(sign.metric).toMatch(/^exam: /);
    expect(sign.metric).not.toBe(selfTest);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Save as JSON' }).click(),
    ]);
    expect(JSON.parse(readFileSync(await saved.path(), 'utf8')).sign.value).toBe(sign.value);
  });

  await test.step('nobody is kept out of its tables', async () => {
    await expectAccessible(page, ['section[aria-labelledby="exam-title"]']);
  });

  await test.step("a model of one's own: its vectors are asked with, its key is kept nowhere", async () => {
    const key = 'sk-only-in-memory-4712';
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*');
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        if (request.method === 'POST') asked.push(request.headers.authorization);
        response.end(request.method === 'POST' ? madeEmbeddings(body) : '');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    try {
      await panel.getByText('With vectors of a model of yours, too').click();
      await panel.getByLabel('Embedding model').fill('made-model');
      await picker.setInputFiles(file('made.json', text));
      await expect(panel.locator('.refusal')).toContainText('Type the base URL of the endpoint first');
      await expectAccessible(page, ['section[aria-labelledby="exam-title"]']);
      const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
      elsewhere.add(origin);
      await panel.getByLabel('Base URL').fill(`${origin}/v1`);
      await panel.getByLabel('API key').fill(key);
      await picker.setInputFiles(file('made.json', text));
      await expect(panel.getByRole('row', { name: withModel('made-model') }).first()).toBeVisible();
      expect(new Set(asked)).toEqual(new Set([`Bearer ${key}`]));
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        panel.getByRole('button', { name: 'Save as JSON' }).click(),
      ]);
      expect(readFileSync(await saved.path(), 'utf8')).not.toContain(key);
      for (const label of ['Base URL', 'Embedding model', 'API key']) await panel.getByLabel(label).fill('');
      const kept = await everything(page);
      // The exam is shown, so that is really read.
      expect(kept).toContain(withModel('made-model'));
      expect(kept).not.toContain(key);
    } finally {
      server.close();
    }
  });

  await test.step('a file that is no data set is refused with a sentence, and the figures stay', async () => {
    const before = (await snapshot(page)).vitalSigns.memory;
    for (const [name, body] of [
      ['holiday.json', '{"photos": []}'],
      ['cut.json', text.slice(0, 500)],
      ['cut.json.gz', gzipSync(text).subarray(0, 60)],
    ] as const) {
      await picker.setInputFiles(file(name, body));
      await expect(panel.locator('.refusal')).toBeVisible();
      await expect(panel.locator('.refusal')).toContainText(/\w+ \w+.*\./);
      expect((await snapshot(page)).vitalSigns.memory).toEqual(before);
    }
  });

  await test.step('a long one is cancelled, and the figures before it stay', async () => {
    const before = (await snapshot(page)).vitalSigns.memory;
    await picker.setInputFiles(file('long.json', madeSquad(60, 40)));
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await expect(panel).toContainText('The exam was cancelled. The figures below are of the one before.');
    expect((await snapshot(page)).vitalSigns.memory).toEqual(before);
  });
});

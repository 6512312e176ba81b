import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { err, ok } from '../../../src/kernel/result.ts';
import { runExam } from '../../../src/memory/examRun.ts';
import { WITH_VECTORS } from '../../../src/memory/exam.ts';
import { packStaticModel, readStaticModel } from '../../../src/memory/staticEmbedding.ts';
import type { ExamSetting } from '../../../src/memory/examTypes.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { createExamControl, type ExamStep } from '../../../src/worlds/live/examControl.ts';
import { EXAM_BYTES_MAX, readExamFiles, tooBig } from '../../../src/worlds/live/examFiles.ts';
import { madeEmbeddings } from '../../harness/madeEmbeddings.ts';
import { madeSquad } from '../../harness/madeExam.ts';

const setting: ExamSetting = { memory: memoryOptions.fallback!(), agents: { count: 5, askOthers: 2 } };
const file = (name: string, content: string | Uint8Array<ArrayBuffer>): File => new File([content], name);
const gz = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text));
/** A page without word vectors. */
const absent = () => Promise.resolve(err({ reason: 'absent' as const, message: 'They are not there.' }));
const refusal = async (...files: File[]): Promise<string> => {
  const r = await createExamControl(absent).take(files, setting, '', () => undefined);
  return r.ok ? '' : r.error.message;
};

describe('the worker of an exam', () => {
  it('reports what runExam does on the same text, packed or not, and tells how far it is', async () => {
    const text = madeSquad(3, 4);
    const run = runExam([{ name: 'made.json', text }], setting);
    let step = run.next();
    while (!step.done) step = run.next();
    for (const one of [file('made.json', text), file('made.json.gz', gz(text))]) {
      const steps: ExamStep[] = [];
      const took = await createExamControl(absent).take([one], setting, '', (s) => void steps.push(s));
      if (!step.value.ok) throw new Error(step.value.error.message);
      expect(took).toEqual(ok({ ...step.value.value, withoutVectors: 'They are not there.' }));
      expect(steps[0]).toEqual({ phase: 'reading', bytes: text.length });
      expect(steps.at(-1)).toMatchObject({ phase: 'asking', done: 144, total: 144 });
    }
  });

  it('asks the index with word vectors too, where they are', async () => {
    const packed = packStaticModel(
      { model: 'made', dimensions: 2, words: 2, licence: 'none' },
      ['lighthouse', 'harbour'],
      [
        [1, 0],
        [0, 1],
      ],
    );
    const control = createExamControl(() => Promise.resolve(readStaticModel(packed)));
    const took = await control.take([file('made.json', madeSquad(2, 2))], setting, '', () => undefined);
    const names = took.ok ? took.value.results.map((r) => r.examinee) : [];
    expect(names).toContain(WITH_VECTORS);
    expect(took.ok ? took.value.withoutVectors : '').toBeUndefined();
  });

  it("asks with an endpoint's vectors first, or takes no exam", async () => {
    const one = file('made.json', madeSquad(2, 2));
    const own = { ...setting, endpoint: { baseUrl: 'https://example.org/v1', model: 'mine' } };
    const steps: ExamStep[] = [];
    const control = createExamControl(absent, async (url, { body }) => {
      expect(url).toBe('https://example.org/v1/embeddings');
      return { ok: true, status: 200, json: () => Promise.resolve(JSON.parse(madeEmbeddings(body))) };
    });
    const took = await control.take([one], own, '', (s) => void steps.push(s));
    expect(took.ok ? took.value.results.map((r) => r.examinee) : []).toContain('two stages with mine');
    expect(steps.at(-1)).toMatchObject({ phase: 'asking' });
    const deaf = createExamControl(absent, () => Promise.reject(new TypeError('no')));
    const refused = await deaf.take([one], own, '', () => undefined);
    expect(refused.ok ? '' : refused.error.message).toMatch(/cannot be reached.*no exam was taken/);
  });

  it('says of each bad file what is wrong with it', async () => {
    const packed = gz(madeSquad(2, 2));
    expect(await refusal(file('cut.json.gz', packed.slice(0, 60)))).toMatch(
      /cut\.json\.gz: .*damaged or cut off/,
    );
    const flipped = packed.slice();
    flipped[Math.floor(flipped.length / 2)]! ^= 0xff;
    expect(await refusal(file('flipped.json.gz', flipped))).toMatch(
      /flipped\.json\.gz: .*(damaged|UTF-8|not JSON)/,
    );
    expect(await refusal(file('a.json', new Uint8Array([0x7b, 0xff, 0xfe])))).toMatch(
      /a\.json: it is not UTF-8/,
    );
    expect(await refusal(file('a.zip', new Uint8Array([0x50, 0x4b, 3, 4])))).toMatch(/a\.zip: this is a zip/);
    expect(await refusal(file('empty.json', ''))).toMatch(/empty\.json.*is empty/);
    expect(await refusal(file('other.json', '{"a":1}'))).toMatch(/shape of no known data set/);
  });

  it('refuses what is too big before it reads it, and what unpacks to too much while it reads', async () => {
    expect(tooBig([{ name: 'huge.json', size: EXAM_BYTES_MAX + 1 }])).toMatch(
      /huge\.json: 128 MiB are too much/,
    );
    expect(tooBig([{ name: 'fits.json', size: EXAM_BYTES_MAX }])).toBeNull();
    let read = 0;
    const bomb = file('bomb.gz', new Uint8Array(gzipSync(Buffer.alloc(EXAM_BYTES_MAX + 2_000_000, ' '))));
    const r = await readExamFiles([bomb], (bytes) => (read = bytes));
    expect(r.ok ? '' : r.error.message).toMatch(/bomb\.gz: it holds more than 128 MiB when unpacked/);
    expect(read).toBeLessThanOrEqual(EXAM_BYTES_MAX);
  });
});

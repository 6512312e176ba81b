import { ask, expect, linkTo, open, small, snapshot, test, untilPlanted } from './page.ts';

const minutes = [
  { speaker: 'Mara', date: '2024-03-01', text: 'The greenhouse irrigation pump failed twice on Friday.' },
  { speaker: 'Jonas', date: '2024-03-02', text: 'I ordered a ceramic impeller for the pump from Lindqvist.' },
  { speaker: 'Mara', date: '2024-03-05', text: 'The impeller arrived and the tomatoes recovered.' },
  ...Array.from({ length: 40 }, (_, i) => ({
    speaker: i % 2 === 0 ? 'Mara' : 'Jonas',
    date: '2024-04-01',
    text: `Note ${i}: the weather station reported ${i} millimetres of rain in the orchard.`,
  })),
];
const chat = JSON.stringify(minutes);

// One visit for all of it: a grove's start costs both cores seconds.
test("the visitor's own text: what cannot be used is refused, a chat export, a dropped file and a pasted text are remembered", async ({
  page,
}) => {
  const before = await open(page, linkTo(small));
  const own = async () => (await snapshot(page)).interactions.findLast((i) => i.byVisitor)!;

  await test.step('what it cannot use is refused with a sentence that says why, and what the grove had stays', async () => {
    const panel = page.getByRole('region', { name: 'Your own text' });
    for (const [name, text, sentence] of [
      ['broken.json', '[{"speaker":"A","text":"fine"},\n{"speaker":"B","text":}]', /broken\.json.*line 2/],
      ['broken.jsonl', '{"text":"fine"}\n{"txet":"?"}', /broken\.jsonl.*line 2/],
      ['empty.txt', '   \n', /empty\.txt/],
      ['photo.png', 'PNG', /photo\.png/],
    ] as const)
      await test.step(name, async () => {
        await page
          .getByLabel('Files to plant')
          .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
        await expect(panel.getByText(sentence)).toBeVisible();
      });
    expect((await snapshot(page)).corpus).toEqual(before.corpus);
    await ask(page, 'What was said about the treaty with Great Britain?');
  });

  await test.step('a chat export is remembered instead of the addresses, and answers come from it', async () => {
    await page.getByLabel('Files to plant').setInputFiles({
      name: 'minutes.json',
      mimeType: 'application/json',
      buffer: Buffer.from(chat),
    });
    await untilPlanted(page, 'minutes.json');
    await ask(page, 'Who ordered a ceramic impeller for the pump?');
    const { answer, citations } = await own();
    expect(answer).toContain('Lindqvist');
    expect(citations[0]).toMatchObject({ speaker: 'Jonas', date: '2024-03-02' });
  });

  await test.step('a pasted text is remembered', async () => {
    await page
      .getByLabel('Text to plant')
      .fill(
        'The lighthouse keeper of Skerrymoor counted ninety-one herons.\n\n'.concat(
          'Rain fell.\n\n'.repeat(20),
        ),
      );
    await page.getByRole('button', { name: 'Plant this text' }).click();
    await untilPlanted(page, 'pasted.txt');
    await ask(page, 'How many herons did the lighthouse keeper of Skerrymoor count?');
    expect((await own()).answer).toContain('ninety-one herons');
  });

  await test.step('a dropped file is taken wherever it falls', async () => {
    const data = await page.evaluateHandle(
      (text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], 'minutes.jsonl', { type: 'application/jsonl' }));
        return transfer;
      },
      minutes.map((m) => JSON.stringify(m)).join('\n'),
    );
    await page.dispatchEvent('body', 'drop', { dataTransfer: data });
    await untilPlanted(page, 'minutes.jsonl');
    await ask(page, 'Which impeller was ordered?');
    expect((await own()).citations.map((c) => c.text).join(' ')).toContain('Lindqvist');
  });
});

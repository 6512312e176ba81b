import { afterEach, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { cleanup, render } from 'vitest-browser-svelte';
import type { Component } from 'svelte';
import '../../../src/ui/page.css';
import { parseScenario } from '../../../src/scenario/scenario.ts';
import ControlsPanel from '../../../src/ui/panels/ControlsPanel.svelte';
import FaultForms from '../../../src/ui/panels/FaultForms.svelte';
import ForgetQuestion from '../../../src/ui/panels/ForgetQuestion.svelte';
import MapPanel from '../../../src/ui/panels/MapPanel.svelte';
import QuestionPanel from '../../../src/ui/panels/QuestionPanel.svelte';
import StoryPanel from '../../../src/ui/panels/StoryPanel.svelte';
import TextPanel from '../../../src/ui/panels/TextPanel.svelte';
import VitalSigns from '../../../src/ui/panels/VitalSigns.svelte';
import { FrameScheduler } from '../../../src/ui/state/frames.ts';
import { GroveState } from '../../../src/ui/state/groveState.svelte.ts';
import { Theme } from '../../../src/ui/state/theme.svelte.ts';
import { FixtureGrove } from '../../harness/fixtureGrove.ts';

let fixture: FixtureGrove;
let grove: GroveState;
let unwatch: () => void;
let nowMs: number;

beforeEach(async () => {
  const scenario = parseScenario({ agents: { count: 12 } });
  if (!scenario.ok) throw new Error(scenario.error.join(' '));
  nowMs = 0;
  fixture = new FixtureGrove(scenario.value, () => nowMs);
  grove = new GroveState(fixture, scenario.value);
  await grove.start(scenario.value);
  nowMs = 1_300;
  await fixture.snapshot();
  nowMs = 20_000;
  unwatch = grove.watch();
  await expect.poll(() => grove.calm?.phase).toBe('running');
});
afterEach(() => {
  unwatch();
  cleanup();
});

const show = (panel: Component<{ grove: GroveState }>) => render(panel, { grove });
const calls = (name: string) => fixture.calls.filter((c) => c.name === name).map((c) => c.argument);

test('a question that is refused stays in its box, and the refusal is told', async () => {
  await show(QuestionPanel);
  fixture.refuseWith = 'The grove is paused; resume it, then ask again.';
  await page.getByLabelText('Your question').fill('Who spoke of the canal?');
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('alert')).toHaveTextContent(fixture.refuseWith);
  await expect.element(page.getByLabelText('Your question')).toHaveValue('Who spoke of the canal?');
});

test('a question goes out with Enter, empties its box, and its answer shows with citations to open', async () => {
  await show(QuestionPanel);
  await page.getByLabelText('Your question').fill('Who spoke of the canal?');
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByLabelText('Your question')).toHaveValue('');
  expect(calls('ask')).toEqual(['Who spoke of the canal?']);
  nowMs += 2_000;
  const citation = page.getByRole('button', { name: /Abraham Lincoln, 1862-12-01/ });
  await citation.click();
  await expect.element(citation).toHaveAttribute('aria-expanded', 'true');
  await expect.element(page.getByText('sotu-1862#41')).toBeVisible();
  expect(grove.agentId).toBe(grove.interaction!.citations[0]!.agent);
});

test('a question typed while the agents are spawned waits for them and then goes out', async () => {
  await show(QuestionPanel);
  await grove.start(grove.scenario);
  await page.getByLabelText('Your question').fill('Who spoke of the canal?');
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByText('Your question goes out as soon as the agents are up.')).toBeVisible();
  expect(calls('ask')).toEqual([]);
  nowMs += 1_300;
  await expect.poll(() => calls('ask')).toEqual(['Who spoke of the canal?']);
});

test('the figures go on when the node that is looked into never answers', async () => {
  fixture.silent = true;
  grove.selectAgent('a003');
  for (let looks = 0; looks < 3; looks++) {
    nowMs += 3_000;
    await expect.poll(() => grove.snapshot?.atMs).toBe(nowMs);
  }
  fixture.silent = false;
  await expect.poll(() => grove.agent?.id, { timeout: 5_000 }).toBe('a003');
});

test('every vital sign says in words whether it is met', async () => {
  await show(VitalSigns);
  const list = page.getByRole('listitem');
  await expect.poll(() => list.elements().length).toBe(7);
  for (const item of list.elements())
    expect(item.textContent).toMatch(/not yet measured|not met|met|as asked/);
  await expect.element(list.nth(6)).toHaveTextContent('not yet measured');
  await fixture.inject({ type: 'kill', node: 3 });
  const more = page.getByRole('button', { name: 'What the figures rest on' });
  await expect.element(more).toHaveAttribute('aria-expanded', 'false');
  await more.click();
  await expect.element(page.getByText(/^p50 622 ms/)).toBeVisible();
  await expect.element(list.nth(6)).toHaveTextContent('After 1 recovery'.toLowerCase());
  expect(list.nth(6).element().textContent).not.toContain('not yet measured');
});

test('arrow keys move through the nodes, and the chosen one can be killed and paused without a mouse', async () => {
  await render(MapPanel, { grove, frames: new FrameScheduler(window), theme: new Theme() });
  const kill = page.getByRole('button', { name: 'Kill', exact: true });
  await expect.element(kill).toBeDisabled();
  const select = page.getByLabelText('Node', { exact: true });
  (select.element() as HTMLSelectElement).focus();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  expect(grove.node).toBe(2);
  expect(grove.agentId).toBe('a001');
  await kill.click();
  await page.getByRole('button', { name: 'Pause 3 s' }).click();
  expect(calls('inject')).toEqual([
    { type: 'kill', node: 2 },
    { type: 'pause', node: 2, forMs: 3_000 },
  ]);
});

test('beside the map something can be broken with one press', async () => {
  await render(MapPanel, { grove, frames: new FrameScheduler(window), theme: new Theme() });
  const group = page.getByRole('group', { name: 'Break something' });
  await group.getByRole('button', { name: 'Pause one' }).click();
  await group.getByRole('button', { name: 'Trouble the provider' }).click();
  await group.getByRole('button', { name: 'Kill a random node' }).click();
  expect(calls('inject')).toMatchObject([
    { type: 'pause', forMs: 3_000 },
    { type: 'provider', slowdown: 4, failing: 0.2 },
    { type: 'kill' },
  ]);
});

test('a click on a disc chooses its node', async () => {
  await render(MapPanel, { grove, frames: new FrameScheduler(window), theme: new Theme() });
  const stage = document.querySelector<HTMLElement>('.stage')!;
  await expect.poll(() => stage.clientHeight).toBeGreaterThan(100);
  const box = stage.getBoundingClientRect();
  const { layoutGrove } = await import('../../../src/ui/charts/mapGeometry.ts');
  const tree = layoutGrove(grove.snapshot!.nodes, stage.clientWidth, stage.clientHeight).trees[4]!;
  stage.dispatchEvent(
    new MouseEvent('click', { bubbles: true, clientX: box.left + tree.x, clientY: box.top + tree.y }),
  );
  expect(grove.node).toBe(tree.id);
});

test('too many agents are refused in a sentence, and the running grove is left alone', async () => {
  await render(ControlsPanel, {
    grove,
    linkOf: () => 'https://example.org/#scenario',
    fetchScenario: () => Promise.reject(new Error('offline')),
  });
  await page.getByLabelText('Agents', { exact: true }).fill('500000');
  await page.getByRole('button', { name: 'Plant this grove' }).click();
  await expect
    .element(page.getByText('agents.count must be a whole number from 1 to 100000, got 500000.'))
    .toBeVisible();
  expect(calls('start')).toHaveLength(1);
  await page.getByRole('button', { name: 'killings' }).click();
  await expect.element(page.getByText(/killings could not be loaded \(offline\)/)).toBeVisible();
});

test('a pool is planted as asked for', async () => {
  await render(ControlsPanel, { grove, linkOf: () => '#', fetchScenario: () => Promise.resolve({}) });
  await page.getByLabelText('Agents', { exact: true }).fill('40');
  await page.getByLabelText('a pool of').click();
  await page.getByLabelText('Workers in the pool').fill('2');
  await page.getByRole('button', { name: 'Plant this grove' }).click();
  await expect.poll(() => calls('start')).toHaveLength(2);
  expect(calls('start')[1]).toMatchObject({ agents: { count: 40, pool: 2 } });
});

test("a scenario that would forget the visitor's own text asks first; Escape and Keep keep it", async () => {
  fixture.ownText = 'cats.txt';
  nowMs += 1_000;
  await expect.poll(() => grove.snapshot?.corpus.own).toBe(true);
  await render(ControlsPanel, {
    grove,
    linkOf: () => '#',
    fetchScenario: () => Promise.resolve({ name: 'killings' }),
  });
  const button = page.getByRole('button', { name: 'killings' });
  const asked = page.getByRole('alertdialog', {
    name: 'The grove remembers your text cats.txt; this scenario forgets it.',
  });
  await button.click();
  await expect.poll(() => grove.forgetting).not.toBeNull();
  const question = await render(ForgetQuestion, { grove, asked: grove.forgetting! });
  await expect.element(asked).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Keep' })).toHaveFocus();
  await userEvent.keyboard('{Escape}');
  expect(grove.forgetting).toBeNull();
  await question.unmount();
  await expect.element(button).toHaveFocus();
  expect(calls('start')).toHaveLength(1);

  await button.click();
  await expect.poll(() => grove.forgetting).not.toBeNull();
  await render(ForgetQuestion, { grove, asked: grove.forgetting! });
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect.poll(() => calls('start')).toHaveLength(2);
  expect(calls('start')[1]).toMatchObject({ name: 'killings' });
});

test('a scenario that goes on from crash memory keeps the own text, and does not ask', async () => {
  fixture.ownText = 'cats.txt';
  nowMs += 1_000;
  await expect.poll(() => grove.snapshot?.corpus.own).toBe(true);
  expect(await grove.start({ ...grove.scenario, resume: true })).toBe(true);
  expect(grove.forgetting).toBeNull();
});

test('the link chooser sends the fault it describes', async () => {
  await show(FaultForms);
  await page.getByLabelText('lost, %').fill('50');
  await page.getByRole('button', { name: 'Disturb this link' }).click();
  expect(calls('inject')).toEqual([{ type: 'link', from: 0, to: 1, loss: 0.5, delayMs: 200, forMs: 10_000 }]);
  await expect.poll(() => grove.notice?.text).toContain('from the gate to node 1 loses 50 %');
});

test('a text that is refused stays where it was typed', async () => {
  await show(TextPanel);
  fixture.refuseWith = 'pasted.txt, line 3: a turn without text.';
  await page.getByLabelText('Text to plant').fill('one\ntwo');
  await page.getByRole('button', { name: 'Plant this text' }).click();
  await expect.element(page.getByText(fixture.refuseWith)).toBeVisible();
  await expect.element(page.getByLabelText('Text to plant')).toHaveValue('one\ntwo');
  fixture.refuseWith = null;
  await page.getByRole('button', { name: 'Plant this text' }).click();
  await expect.element(page.getByText('The grove now remembers pasted.txt.')).toBeVisible();
  await expect.element(page.getByLabelText('Text to plant')).toHaveValue('');
});

test('files dropped anywhere are planted together', async () => {
  await show(TextPanel);
  const data = new DataTransfer();
  data.items.add(new File(['# Notes'], 'notes.md'));
  data.items.add(new File(['{"text":"hello"}'], 'chat.jsonl'));
  document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  await expect
    .poll(() => calls('plant'))
    .toEqual([
      [
        { name: 'notes.md', text: '# Notes' },
        { name: 'chat.jsonl', text: '{"text":"hello"}' },
      ],
    ]);
});

test('the story is told newest first and can be narrowed to one kind', async () => {
  await show(StoryPanel);
  await fixture.inject({ type: 'kill', node: 3 });
  await expect.element(page.getByRole('listitem').first()).toHaveTextContent('Node 3 was back after 231 ms');
  await page.getByLabelText('Show').selectOptions('fault');
  await expect.poll(() => page.getByRole('listitem').elements().length).toBe(1);
  await expect.element(page.getByRole('listitem').first()).toHaveTextContent('Node 3 was killed.');
});

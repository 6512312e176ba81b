import { expect, test } from 'vitest';
import { checkCapacityPlan } from '../../../src/lab/capacityPlan.ts';
import { PROFILES } from '../../../src/lab/capacityProfiles.ts';
import { complaints, textsOf, valuesOf } from '../../../src/ui/state/deskFields.ts';
import { PRESETS } from '../../../src/ui/state/deskPresets.ts';

const { prices } = PROFILES[0]!;

test.each(PRESETS.map(({ name, plan }) => [name, plan] as const))(
  'the form shows the study %s and gives it back unchanged',
  (_name, given) => {
    const plan = checkCapacityPlan(given);
    if (!plan.ok) throw new Error(JSON.stringify(plan.error));
    const { value } = plan;
    const read = valuesOf(textsOf(value, prices)) as Record<string, object>;
    const back = checkCapacityPlan({
      ...value,
      ...read,
      prices: value.prices,
      limits: { ...read['limits'], enforcement: value.limits.enforcement },
      prompt: { ...read['prompt'], examples: value.prompt.examples },
    });
    expect(back).toEqual({ ok: true, value });
  },
);

test('complaints stand by their field, in its own unit', () => {
  const standard = checkCapacityPlan({});
  if (!standard.ok) throw new Error('the standard plan is none');
  const texts = {
    ...textsOf(standard.value, prices),
    agents: '',
    'slo.callMs': '0.01',
  };
  const { prices: _, ...values } = valuesOf(texts);
  const checked = checkCapacityPlan(values);
  if (checked.ok) throw new Error('it was taken');
  expect(complaints(checked.error)).toEqual({
    agents: 'It must be a whole number from 1 to 100000; it is nothing.',
    'slo.callMs': 'It must be a number from 0.05 to 3600; it is 0.01.',
  });
});

test('thousands may be grouped, and what is no number stays to be complained of', () => {
  const texts = { agents: '1,200', 'slo.taskMs': '1.5', 'prompt.median': 'many' };
  expect(valuesOf(texts)).toMatchObject({
    agents: 1_200,
    slo: { taskMs: 1_500 },
    prompt: { median: 'many' },
  });
});

import { mount } from 'svelte';
import App from '../../../src/ui/App.svelte';
import { createExams } from '../../../src/lab/exams.ts';
import { openVirtualGrove } from '../../../src/lab/openVirtual.ts';
import { createWorldSwitch } from '../../../src/lab/worldSwitch.ts';
import { parseScenario } from '../../../src/scenario/scenario.ts';
import { FixtureGrove } from '../../harness/fixtureGrove.ts';

// The page over a grove that replays plausible figures: for looking at the design and for axe.
const query = new URLSearchParams(location.search);
const scenario = parseScenario({
  name: 'first-minute',
  agents: { count: Number(query.get('agents') ?? 100), pool: Number(query.get('pool') ?? 0) },
});
if (!scenario.ok) throw new Error(scenario.error.join('\n'));
const grove = new FixtureGrove(scenario.value, () => performance.now());
Object.assign(window, { fixtureGrove: grove });
mount(App, {
  target: document.getElementById('page')!,
  props: {
    groves: { live: grove, virtual: openVirtualGrove(`${location.origin}/`) },
    worlds: createWorldSwitch('live'),
    exams: createExams(),
    build: 'fixture',
    runLinkOf: () => location.origin,
    scenario: scenario.value,
    refused: query.has('bad') ? ['agents.count must be a whole number from 1 to 1000, got 5000.'] : [],
    linkOf: (s) => `${location.origin}/#${encodeURIComponent(s.name)}`,
    fetchScenario: (name) => fetch(`/public/scenarios/${name}.json`).then((r): Promise<unknown> => r.json()),
  },
});

import { mount } from 'svelte';
import { installDoor } from '../lab/door.ts';
import { openGrove } from '../lab/open.ts';
import { linkOf, scenarioFromUrl } from '../scenario/link.ts';
import App from './App.svelte';
import { planOf } from './state/plans.ts';

async function fetchScenario(name: string): Promise<unknown> {
  const response = await fetch(new URL(`scenarios/${name}.json`, document.baseURI));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

/** What the page starts with, and why it is not what the link asked for. */
async function firstScenario() {
  const linked = scenarioFromUrl(location.href);
  if (linked?.ok) return { scenario: linked.value, refused: [] };
  const refused = linked ? linked.error.map((s) => `${s}.`) : [];
  const shipped = planOf(await fetchScenario('first-minute').catch(() => ({})));
  if (shipped.ok) return { scenario: shipped.scenario, refused };
  const plain = planOf({});
  if (!plain.ok) throw new Error(plain.sentences.join(' '));
  return { scenario: plain.scenario, refused: [...refused, ...shipped.sentences] };
}

const target = document.getElementById('page')!;
try {
  const [grove, { scenario, refused }] = await Promise.all([openGrove(), firstScenario()]);
  installDoor(grove, window);
  const page = location.href;
  const autostart = !new URLSearchParams(location.search).has('perf');
  mount(App, {
    target,
    props: { grove, scenario, refused, linkOf: (s) => linkOf(s, page), fetchScenario, autostart },
  });
} catch (error) {
  const p = document.createElement('p');
  p.setAttribute('role', 'alert');
  p.textContent = `Treering could not start: ${error instanceof Error ? error.message : String(error)}. It needs a browser with Web Workers and IndexedDB; reload the page to try again.`;
  target.append(p);
}

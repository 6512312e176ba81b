import { mount } from 'svelte';
import { installDoor } from '../lab/door.ts';
import { examined } from '../lab/examined.ts';
import { createExams } from '../lab/exams.ts';
import { BUILD, openGrove } from '../lab/open.ts';
import { openVirtualGrove } from '../lab/openVirtual.ts';
import { createWorldSwitch } from '../lab/worldSwitch.ts';
import { linkOf, scenarioFromUrl } from '../scenario/link.ts';
import { otherBuild, runFromUrl, runLinkOf } from '../scenario/runLink.ts';
import App from './App.svelte';
import { planOf } from './state/plans.ts';

async function fetchScenario(name: string): Promise<unknown> {
  const response = await fetch(new URL(`scenarios/${name}.json`, document.baseURI));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

/** What the page starts with in the live world, and why it is not what the link asked for. */
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

/** The run of the virtual world that the link asks for, or why there is none. */
function linkedRun() {
  const linked = runFromUrl(location.href);
  if (!linked) return { run: null, refused: [] };
  if (!linked.ok) return { run: null, refused: linked.error };
  const { script, tick, build } = linked.value;
  return { run: { script, tick, other: otherBuild(build, BUILD) }, refused: [] };
}

const target = document.getElementById('page')!;
try {
  const linked = linkedRun();
  const exams = createExams();
  const [opened, { scenario, refused }] = await Promise.all([openGrove(), firstScenario()]);
  const groves = { live: examined(opened, exams), virtual: openVirtualGrove(document.baseURI) };
  const worlds = createWorldSwitch(linked.run ? 'virtual' : 'live');
  installDoor(groves, worlds, exams, window);
  const page = location.href;
  const autostart = !new URLSearchParams(location.search).has('perf');
  mount(App, {
    target,
    props: {
      groves,
      worlds,
      exams,
      scenario,
      refused: [...linked.refused, ...refused],
      linked: linked.run,
      build: BUILD,
      linkOf: (s) => linkOf(s, page),
      runLinkOf: (script, tick) => runLinkOf({ script, build: BUILD, tick }, page),
      fetchScenario,
      desk: /#desk(=|$)/.test(location.href),
      autostart,
    },
  });
  // A link put into the address of an open page changes only what is behind the #.
  addEventListener('hashchange', () => {
    if (/#(run|scenario|desk)=/.test(location.href)) location.reload();
  });
} catch (error) {
  const p = document.createElement('p');
  p.setAttribute('role', 'alert');
  p.textContent = `Treering could not start: ${error instanceof Error ? error.message : String(error)}. It needs a browser with Web Workers and IndexedDB; reload the page to try again.`;
  target.append(p);
}

import type { Remote } from 'comlink';
import type { CrashMemoryView } from '../../fleet/views.ts';
import type { StoreControl } from './storeControl.ts';

const LOOK_MS = 500;

/** Looks at crash memory, again and again. */
export interface CrashWatch {
  /** From now on what is noteworthy is told there, what came before at once. */
  tellTo(tell: (sentence: string) => void): void;
  stop(): void;
}

const plural = (n: number, one: string): string => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`;

/** What a visitor should know of how crash memory was found. */
function foundSentences(view: CrashMemoryView): string[] {
  const told: string[] = [];
  if (view.origin === 'healed')
    told.push(
      `The browser had lost crash memory's database; ${plural(view.healedSegments, 'segment')} came back from the mirror.`,
    );
  else if (view.healedSegments > 0)
    told.push(
      `${plural(view.healedSegments, 'segment')} that the database had damaged or not yet taken in came from crash memory's mirror.`,
    );
  if (view.damaged.length > 0) {
    const owners = [...new Set(view.damaged.flatMap((d) => d.owners ?? ['unknown owners']))];
    const shown = owners.slice(0, 6).join(', ') + (owners.length > 6 ? ` and ${owners.length - 6} more` : '');
    told.push(
      `${plural(view.damaged.length, 'segment')} of crash memory, with texts of ${shown}, failed the checksum and have no copy: set aside, the rest is served.`,
    );
  }
  if (view.rotatedLog)
    told.push('The last visit did not end well; the log of the database was rotated before the first write.');
  if (view.formatFound === 1) told.push("Crash memory of an older format was brought to today's.");
  if (view.mirror.problem !== null) told.push(`Crash memory has no mirror: ${view.mirror.problem}.`);
  return told;
}

/** Takes a first look before it resolves. */
export async function watchCrashMemory(
  control: Remote<StoreControl>,
  onView: (view: CrashMemoryView) => void,
): Promise<CrashWatch> {
  let stopped = false;
  let tell: ((sentence: string) => void) | null = null;
  let waiting: string[] = [];
  let before: CrashMemoryView | null = null;
  const say = (sentence: string): void => {
    if (tell) tell(sentence);
    else waiting.push(sentence);
  };
  async function look(): Promise<void> {
    const view = await control.view();
    if (!view || stopped) return;
    onView(view);
    if (!before) foundSentences(view).forEach(say);
    else {
      if (view.noRoom !== null && before.noRoom === null)
        say(`${view.noRoom} Until then nothing new is acknowledged, and nothing is lost.`);
      if (view.noRoom === null && before.noRoom !== null) say('There is room again: crash memory goes on.');
      if (view.mirror.problem !== null && before.mirror.problem === null)
        say(`Crash memory has lost its mirror: ${view.mirror.problem}.`);
    }
    before = view;
  }
  await look();
  const timer = setInterval(() => void look(), LOOK_MS);
  return {
    tellTo(hear) {
      tell = hear;
      waiting.forEach(hear);
      waiting = [];
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

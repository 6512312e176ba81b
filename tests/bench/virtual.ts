import { createEndpoint } from '../../src/bus/endpoint.ts';
import { busOptions } from '../../src/bus/options.ts';
import { incarnation, nodeId } from '../../src/kernel/ids.ts';
import { createVirtualClock } from '../../src/worlds/virtual/clock.ts';
import { createVirtualProcess } from '../../src/worlds/virtual/virtualEnv.ts';
import { FAIR_WEATHER } from '../../src/faults/weather.ts';
import { createVirtualNetwork } from '../../src/worlds/virtual/virtualNetwork.ts';
import { createVirtualWorld } from '../../src/worlds/virtual/virtualWorld.ts';
import { atLeast, median, type BenchContext, type BenchResult, type BenchRow } from '../harness/bench.ts';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

const PEERS = 3;
const MESSAGES_PER_S = 32;

/** Events a second of a clock whose hundred timers set themselves again. */
function bareClock(events: number): number {
  const clock = createVirtualClock();
  let left = events;
  const fire = (): void => {
    if (left-- > 0) clock.at(clock.nowMs + 1 + (left % 7), fire);
  };
  for (let i = 0; i < 100; i++) clock.at(i, fire);
  const startMs = performance.now();
  clock.run(Infinity);
  return (clock.events / (performance.now() - startMs)) * 1_000;
}

/** Events a second of endpoints that send to all others, each message in a frame of its own. */
async function busAlone(simulatedMs: number): Promise<number> {
  const world = createVirtualWorld({ seed: 'bench' });
  const network = createVirtualNetwork(world, FAIR_WEATHER);
  let received = 0;
  let sent = 0;
  for (let id = 1; id <= PEERS; id++) {
    const process = createVirtualProcess(world, id, `peer ${id}`);
    const endpoint = createEndpoint(process.env, network.portOf(process), {
      grove: 'bench',
      self: nodeId(id),
      inc: incarnation(1),
      options: busOptions.fallback!(),
      onMessages: (_from, _first, messages) => void (received += messages.length),
    });
    let n = id;
    const tick = (): void => {
      const to = 1 + ((id + (n++ % (PEERS - 1))) % PEERS);
      sent++;
      endpoint.send(nodeId(to), { from: 'a', to: 'b', kind: 'ping', body: n, hlc: 0 });
      process.env.setTimer(1_000 / MESSAGES_PER_S, tick);
    };
    process.env.setTimer(id, tick);
  }
  const startMs = performance.now();
  await world.run(simulatedMs);
  const tookS = (performance.now() - startMs) / 1_000;
  if (sent - received > 2 * PEERS) throw new Error(`${sent} sent, ${received} received`);
  return world.clock.events / tookS;
}

/** Times faster than real time, from the first question to the last. */
async function grove(
  agents: number,
  pool: number,
  questionsPerS: number,
  durationS: number,
): Promise<number[]> {
  const corpus = madeCorpus(Math.max(20, agents / 5), 10);
  const took = async (
    seconds: number,
  ): Promise<{ readonly wallMs: number; readonly simulatedMs: number }> => {
    const scenario = scenarioFrom({
      durationS: seconds,
      agents: { count: agents, pool },
      load: { questionsPerS },
    });
    const startMs = performance.now();
    const { violations, simulatedMs } = await runGrove(scenario, corpus);
    if (violations.length > 0) throw new Error(violations.join('\n'));
    return { wallMs: performance.now() - startMs, simulatedMs };
  };
  const short = await took(1);
  const long = await took(durationS);
  return [
    (long.simulatedMs - short.simulatedMs) / (long.wallMs - short.wallMs),
    long.simulatedMs / long.wallMs,
  ];
}

/** The speed of the virtual world: of its clock, of the bus in it, of whole groves. `--repeat`, `--seconds`. */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const repeat = Number(args['repeat'] ?? 3);
  const seconds = Number(args['seconds'] ?? 120);
  const rows: BenchRow[] = [];
  const measure = async (name: string, unit: string, one: () => number | Promise<number>): Promise<void> => {
    const samples: number[] = [];
    for (let i = 0; i < repeat; i++) samples.push(await one());
    rows.push({ name, unit, samples });
    log(`${name}: ${Math.round(median(samples)).toLocaleString('en')} ${unit}`);
  };
  await measure('bare clock', 'events/s', () => bareClock(3_000_000));
  await measure(`bus, ${PEERS} peers at ${MESSAGES_PER_S} msg/s`, 'events/s', () => busAlone(3_600_000));
  for (const [agents, pool, rate] of [
    [100, 0, 10],
    [1_000, 4, 20],
    // What agents cost that are asked little: the rest of the time goes into questions.
    [1_000, 4, 1],
  ] as const) {
    const name = `${agents} agents on ${pool || agents} nodes, ${rate} questions/s`;
    const whole: number[] = [];
    await measure(`${name}, while questions flow`, 'x real time', async () => {
      const [flowing, all] = await grove(agents, pool, rate, seconds);
      whole.push(all!);
      return flowing!;
    });
    rows.push({ name: `${name}, start included`, unit: 'x real time', samples: whole });
  }
  const of = (start: string): number => median(rows.find((r) => r.name.startsWith(start))!.samples);
  return {
    title: 'The virtual world in one thread',
    rows,
    targets: [
      atLeast('events/s of the bare clock', of('bare clock'), 10_000_000),
      atLeast('events/s of the bus alone', of('bus'), 1_000_000),
      atLeast('1,000 agents, times real time', of('1000 agents'), 100),
    ],
  };
}

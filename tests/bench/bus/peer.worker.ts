import { liveChannels } from '../../../src/worlds/live/liveChannels.ts';
import { createLiveEnv } from '../../../src/worlds/live/liveEnv.ts';
import { portChannels } from '../../../src/worlds/live/portChannels.ts';
import { durablePeer } from './durablePeer.ts';
import { memoryPeer } from './memoryPeer.ts';
import { packageChannels } from './packageChannels.ts';
import type { Go, PeerNews, PeerTask } from './plan.ts';
import { rawPeer } from './rawPeer.ts';

const tell = (news: PeerNews): void => self.postMessage(news);

function setUp(task: PeerTask): Go {
  // Time zero is the same for all peers, so that one can tell how long a message of another was under way.
  const env = createLiveEnv(task.epochMs, `bench/${task.self}`);
  if (task.kind === 'package') return rawPeer(task, env, packageChannels, tell);
  const channels = task.transport === 'ports' ? portChannels(task.exchange, liveChannels) : liveChannels;
  if (task.kind === 'raw') return rawPeer(task, env, channels, tell);
  if (task.kind === 'columns') return rawPeer(task, env, channels, tell, true);
  if (task.kind === 'memory') return memoryPeer(task, env, channels, tell);
  return durablePeer(task, env, channels, tell);
}

let go: Go | null = null;
self.onmessage = ({ data }: MessageEvent<PeerTask | 'go'>) => {
  if (data === 'go') go?.();
  else go = setUp(data);
};

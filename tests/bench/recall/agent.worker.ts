import { measureAgent, type AgentAsked } from './agent.ts';

self.onmessage = (event: MessageEvent<AgentAsked>) => self.postMessage(measureAgent(event.data));

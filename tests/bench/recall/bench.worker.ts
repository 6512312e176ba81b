import { measure, type RecallAsked } from './measure.ts';

self.onmessage = (event: MessageEvent<RecallAsked>) => self.postMessage(measure(event.data));

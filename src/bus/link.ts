import * as receiver from './receiver.ts';
import * as sender from './sender.ts';

/** The reducers of a link. An endpoint is given them, so that a test can hand it others. */
export interface LinkReducers {
  readonly sender: typeof sender;
  readonly receiver: typeof receiver;
}

/** The protocol as it is. */
export const LINK: LinkReducers = { sender, receiver };

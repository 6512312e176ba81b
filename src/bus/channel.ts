/** One open handle of a named broadcast channel: what is posted on it reaches every other open handle of that name. */
export interface Channel {
  /** Serialises as the wire does; never throws for a plain value, never delivers inside the call. */
  post(frame: unknown): void;
  close(): void;
}

/** The slice of the browser that the bus needs. */
export interface ChannelPort {
  /** Opens a handle; `receive` gets what other handles post from about now on (earlier posts may be lost). */
  open(name: string, receive: (frame: unknown) => void): Channel;
}

/** The channel that carries frames from one node to another. */
export const pairChannel = (grove: string, from: number, to: number): string => `${grove}/${from}>${to}`;
/** Whether a name is one that `pairChannel` gives. */
export const isPairChannel = (name: string): boolean => /\/\d+>\d+$/.test(name);
/** Where a node is told that somebody wants to talk to it. */
export const dialChannel = (grove: string, to: number): string => `${grove}/dial/${to}`;

/** The entry that was parsed last, and the message that was written last: several checkers hear the same text one after the other. */
let parsedText = '';
let parsed: unknown = null;
let written: unknown = null;
let writtenText = '';

/** A committed text, parsed once for all checkers that hear it. It must not be changed. */
export function parseCommitted(text: string): unknown {
  if (text !== parsedText) {
    parsed = JSON.parse(text);
    parsedText = text;
  }
  return parsed;
}

/** A message of a committed entry as JSON, written once for all. */
export function contentOf(message: object): string {
  if (message !== written) {
    writtenText = JSON.stringify(message);
    written = message;
  }
  return writtenText;
}

/** What stands in a secret's place. */
export const REDACTED = '[key]';

/** Text with every occurrence of the secret taken out. */
export function redact(text: string, secret: string | null): string {
  return secret === null || secret === '' ? text : text.replaceAll(secret, REDACTED);
}

/** Takes a secret out of a text that comes in pieces; what might be the beginning of one is held back until it is known. */
export class Redactor {
  private readonly secret: string | null;
  private held = '';

  constructor(secret: string | null) {
    this.secret = secret;
  }

  push(piece: string): string {
    const { secret } = this;
    if (secret === null || secret === '') return piece;
    const text = redact(this.held + piece, secret);
    let keep = Math.min(secret.length - 1, text.length);
    while (keep > 0 && !text.endsWith(secret.slice(0, keep))) keep--;
    this.held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What is still held: the text is over. */
  end(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }
}

/** How long a saved file can still be fetched: a browser may ask its visitor first where it shall go. */
const HELD_MS = 60_000;

/** Hands the visitor a file to keep. */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), HELD_MS);
}

/** The same for a text. @param type its media type */
export const saveText = (name: string, type: string, text: string): void =>
  saveFile(name, new Blob([text], { type }));

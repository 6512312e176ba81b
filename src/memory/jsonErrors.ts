const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** The offset of the first thing that is not JSON; undefined when all of it is. Engines do not always tell. */
export function jsonErrorAt(text: string): number | undefined {
  let i = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = i;
    if (!pattern.test(text)) return false;
    i = pattern.lastIndex;
    return true;
  };
  const take = (character: string): boolean => {
    if (text[i] !== character) return false;
    i++;
    skip(SPACE);
    return true;
  };
  // A stack instead of recursion: the depth of a visitor's file is not ours to choose.
  const open: ('[' | '{')[] = [];
  const key = (): boolean => skip(STRING) && (skip(SPACE), take(':'));
  skip(SPACE);
  for (;;) {
    if (take('[')) {
      open.push('[');
      if (text[i] !== ']') continue;
    } else if (take('{')) {
      open.push('{');
      if (text[i] !== '}') {
        if (!key()) return i;
        continue;
      }
    } else if (!skip(STRING) && !skip(SCALAR)) return i;
    skip(SPACE);
    while (open.length > 0 && take(open[open.length - 1] === '[' ? ']' : '}')) open.pop();
    if (open.length === 0) return i === text.length ? undefined : i;
    if (!take(',')) return i;
    if (open[open.length - 1] === '{' && !key()) return i;
  }
}

/** The line, from 1, of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

import { openMirrorLog, type Mirror, type MirrorFile } from '../../memory/mirrorLog.ts';

/** The folder of the mirrors in the origin private file system. */
const FOLDER = 'treering-mirror';

/** A mirror of the database of that name, and how to let go of its files. */
export interface OpfsMirror {
  /** Null when this browser gives no synchronous files; `problem` says why. */
  readonly mirror: Mirror | null;
  readonly problem: string;
  close(): void;
}

interface SyncHandle {
  getSize(): number;
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

const fileOver = (handle: SyncHandle): MirrorFile => ({
  size: () => handle.getSize(),
  read: (into, at) => handle.read(into, { at }),
  write: (bytes, at) => handle.write(bytes, { at }),
  truncate: (size) => handle.truncate(size),
  flush: () => handle.flush(),
});

/** A handle is let go of a moment after the worker that had it was ended. */
const TRIES = 20;
const RETRY_MS = 100;

async function openHandle(folder: FileSystemDirectoryHandle, name: string): Promise<SyncHandle> {
  const file: { createSyncAccessHandle?(): Promise<SyncHandle> } = await folder.getFileHandle(name, {
    create: true,
  });
  if (!file.createSyncAccessHandle)
    throw new Error('this browser has no synchronous files in its private file system');
  for (let tries = 1; ; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (cause) {
      const isTaken = cause instanceof DOMException && cause.name === 'NoModificationAllowedError';
      if (!isTaken || tries === TRIES) throw cause;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Opens the mirror; never rejects, for crash memory works without one, and says so. */
export async function openOpfsMirror(database: string): Promise<OpfsMirror> {
  const handles: SyncHandle[] = [];
  const close = (): void => {
    for (const handle of handles.splice(0)) handle.close();
  };
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    for (const side of ['a', 'b']) handles.push(await openHandle(folder, `${database}.${side}`));
    const mirror = openMirrorLog([fileOver(handles[0]!), fileOver(handles[1]!)]);
    return { mirror, problem: '', close };
  } catch (cause) {
    close();
    return { mirror: null, problem: cause instanceof Error ? cause.message : String(cause), close };
  }
}

/** Forgets the mirror of that database. */
export async function removeOpfsMirror(database: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  for (const side of ['a', 'b'])
    await folder.removeEntry(`${database}.${side}`).catch((cause: unknown) => {
      if (!(cause instanceof DOMException && cause.name === 'NotFoundError')) throw cause;
    });
}

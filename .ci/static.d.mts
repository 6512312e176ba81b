export interface StaticServer {
  readonly url: string;
  close(): Promise<void>;
}
export function serveStatic(
  dir: string,
  options?: { readonly base?: string; readonly port?: number; readonly host?: string },
): Promise<StaticServer>;

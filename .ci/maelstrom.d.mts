export declare const maelstromEntry: string;
export declare function buildMaelstrom(out?: string): Promise<string>;

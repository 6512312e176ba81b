import type { Linter } from 'eslint';

/** Rooms whose code runs in either world. */
export const worldless: readonly string[];
/** The rules that keep those rooms from naming the browser's clock, chance, threads, stores and network. */
export const worldlessRules: Linter.RulesRecord;
/** The rules that keep the live world from leaving in an event what it brought. */
export const liveRules: Linter.RulesRecord & { readonly 'no-restricted-syntax': readonly unknown[] };
declare const config: Linter.Config[];
export default config;

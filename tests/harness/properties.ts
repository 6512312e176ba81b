import fc from 'fast-check';

/**
 * Set up in every Node test: properties draw the same cases at each run of the checks, so that what fails there fails
 * again. `npm run fuzz` draws others.
 */
fc.configureGlobal({ seed: Number(process.env.TREERING_FUZZ_SEED ?? 1862) });

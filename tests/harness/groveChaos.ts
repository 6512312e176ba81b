/** A small whole grove that everything happens to; a scenario without its seed. */
export const groveChaos = {
  name: 'grove-chaos',
  durationS: 15,
  agents: { count: 8, pool: 4 },
  load: { questionsPerS: 3 },
  faults: {
    lossMax: 0.2,
    duplicationMax: 0.3,
    reorderingMax: 0.3,
    killsPerMin: 12,
    pausesPerMin: 6,
    partitionsPerMin: 4,
    linkTroublesPerMin: 6,
    providerTroublesPerMin: 2,
    powerCutsPerMin: 3,
    clockDriftMax: 0.02,
    clockJumpsPerMin: 6,
    diskStallsPerMin: 4,
    tornWrites: true,
  },
} as const;

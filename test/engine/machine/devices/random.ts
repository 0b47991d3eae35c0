/**
 * Seeded random numbers for tests (mulberry32). A test that uses them names its seed when it fails; give it
 * BLKREPLAY_SEED to see one run again.
 */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return this.u32() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Runs `story` with several seeds, or with the one in BLKREPLAY_SEED, and says which seed failed. */
export function withSeeds(count: number, story: (random: Random) => void): void {
  const given = process.env.BLKREPLAY_SEED;
  const seeds = given ? [Number(given)] : Array.from({ length: count }, (_, i) => i + 1);
  for (const seed of seeds) {
    try {
      story(new Random(seed));
    } catch (error) {
      throw new Error(`failed with seed ${seed} (run again with BLKREPLAY_SEED=${seed})`, { cause: error });
    }
  }
}

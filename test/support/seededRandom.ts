import type { TestContext } from 'node:test';

/**
 * Random numbers that can be reproduced from a seed. A test prints its seed; BLKREPLAY_SEED=<seed> repeats the test
 * with the same numbers.
 */
export class SeededRandom {
  readonly seed: number;
  private state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /**
   * Returns random numbers for a test. Each run has a new seed, unless BLKREPLAY_SEED gives one; the seed is always
   * printed.
   */
  static forTest(t: TestContext): SeededRandom {
    const seed = Number(process.env.BLKREPLAY_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`BLKREPLAY_SEED=${seed}`);
    return new SeededRandom(seed);
  }

  /** Mulberry32. */
  uint32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * end);
  }

  chance(probability: number): boolean {
    return this.uint32() / 2 ** 32 < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32();
    return bytes;
  }
}

/** Runs `story` with several seeds, or only with the seed in BLKREPLAY_SEED. If it fails, the error names the seed. */
export function withSeeds(count: number, story: (random: SeededRandom) => void): void {
  const given = process.env.BLKREPLAY_SEED;
  const seeds = given ? [Number(given)] : Array.from({ length: count }, (_, i) => i + 1);
  for (const seed of seeds) {
    try {
      story(new SeededRandom(seed));
    } catch (error) {
      throw new Error(`failed with seed ${seed} (run again with BLKREPLAY_SEED=${seed})`, { cause: error });
    }
  }
}

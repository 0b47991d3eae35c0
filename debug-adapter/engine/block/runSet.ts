/**
 * A set of integers from 0 that stores adjacent numbers as one run: all stretches of a 16 TiB disk take as much
 * memory as one. Optimized for a few long runs; the most frequent operations append at the end or look up a missing
 * number.
 */
export class RunSet {
  /** The runs in order; no two overlap or touch. */
  private runs: Run[] = [];

  get isEmpty(): boolean {
    return this.runs.length === 0;
  }

  has(number: number): boolean {
    const run = this.runs[this.firstEndingAfter(number)];
    return run !== undefined && run.first <= number;
  }

  /** Adds the numbers from `first` to `end`, exclusive. */
  add(first: number, end: number): void {
    if (first >= end) return;
    const from = this.firstEndingAfter(first - 1);
    let to = from;
    const added = { first, end };
    for (; to < this.runs.length && this.runs[to].first <= end; to++) {
      added.first = Math.min(added.first, this.runs[to].first);
      added.end = Math.max(added.end, this.runs[to].end);
    }
    this.runs.splice(from, to - from, added);
  }

  clear(): void {
    this.runs = [];
  }

  copy(): RunSet {
    const copy = new RunSet();
    copy.runs = this.runs.map((run) => ({ ...run }));
    return copy;
  }

  /** The runs between `first` and `end`, in order and clipped. */
  *within(first: number, end: number): Generator<Run> {
    for (let i = this.firstEndingAfter(first); i < this.runs.length && this.runs[i].first < end; i++) {
      yield { first: Math.max(first, this.runs[i].first), end: Math.min(end, this.runs[i].end) };
    }
  }

  /** The index of the first run that ends after a number. */
  private firstEndingAfter(number: number): number {
    let [from, to] = [0, this.runs.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.runs[middle].end > number) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}

/** The numbers from `first` to `end`, exclusive. */
export interface Run {
  first: number;
  end: number;
}

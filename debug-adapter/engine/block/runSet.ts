/**
 * A set of nonnegative integers that stores each range of consecutive numbers as one run. For example, a set that
 * contains every stretch (see staleBlocks.ts) of a 16 TiB disk consists of a single run. The set is optimized for a few
 * long runs and for the two most frequent operations: appending a number at the end, and looking up a number that is
 * not in the set.
 */
export class RunSet {
  /** The runs in ascending order. Two runs never overlap or touch. */
  private runs: Run[] = [];

  get isEmpty(): boolean {
    return this.runs.length === 0;
  }

  has(number: number): boolean {
    const run = this.runs[this.firstEndingAfter(number)];
    return run !== undefined && run.first <= number;
  }

  /** Adds the numbers from `first` up to but not including `end`. */
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

  /** The parts of all runs that lie between `first` and `end`, in ascending order. */
  *within(first: number, end: number): Generator<Run> {
    for (let i = this.firstEndingAfter(first); i < this.runs.length && this.runs[i].first < end; i++) {
      yield { first: Math.max(first, this.runs[i].first), end: Math.min(end, this.runs[i].end) };
    }
  }

  /** The index of the first run that ends after the given number. */
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

/** A run of numbers from `first` up to but not including `end`. */
export interface Run {
  first: number;
  end: number;
}

/**
 * A set of whole numbers from 0 on that keeps neighbours as one run: all stretches of a 16 TiB disk take as much room as
 * one. Made for few long runs; adding at the end or finding nothing is what happens most.
 */
export class RunSet {
  /** In order; no two overlap or touch. */
  #runs: Run[] = [];

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  has(number: number): boolean {
    const run = this.#runs[this.#firstEndingAfter(number)];
    return run !== undefined && run.first <= number;
  }

  /** All numbers from `first` up to `end`, which is not among them. */
  add(first: number, end: number): void {
    if (first >= end) return;
    const from = this.#firstEndingAfter(first - 1);
    let to = from;
    const added = { first, end };
    for (; to < this.#runs.length && this.#runs[to].first <= end; to++) {
      added.first = Math.min(added.first, this.#runs[to].first);
      added.end = Math.max(added.end, this.#runs[to].end);
    }
    this.#runs.splice(from, to - from, added);
  }

  clear(): void {
    this.#runs = [];
  }

  copy(): RunSet {
    const copy = new RunSet();
    copy.#runs = this.#runs.map((run) => ({ ...run }));
    return copy;
  }

  /** The runs inside `first` to `end`, in order, cut there. */
  *within(first: number, end: number): Generator<Run> {
    for (let i = this.#firstEndingAfter(first); i < this.#runs.length && this.#runs[i].first < end; i++) {
      yield { first: Math.max(first, this.#runs[i].first), end: Math.min(end, this.#runs[i].end) };
    }
  }

  /** The index of the first run that reaches beyond a number. */
  #firstEndingAfter(number: number): number {
    let [from, to] = [0, this.#runs.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#runs[middle].end > number) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}

/** The numbers from `first` up to `end`, which is not among them. */
export interface Run {
  first: number;
  end: number;
}

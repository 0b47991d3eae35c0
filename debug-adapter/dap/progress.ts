import type { HistoryRange, Position } from '../engine/index.ts';

/** A shorter run needs no progress report. The value is DAP clients' usual limit for showing a delay. */
const FIRST_REPORT_MILLISECONDS = 300;

/** A run that reports its progress. */
export interface LongRun {
  title: string;
  /** For a reverse run, the part of the history that it can search, from its end. */
  searched?: Pick<HistoryRange, 'start' | 'end'>;
}

/**
 * Reports the progress of a long run to the client, as `progressStart`, `progressUpdate` and `progressEnd` events with
 * one ID. The client can cancel the run by this ID.
 */
export class ProgressReporter {
  private event: (event: string, body: object) => void;
  private run: LongRun | undefined;
  private startedAt = 0;
  private isReported = false;
  private percentage: number | undefined;
  private runs = 0;

  constructor(event: (event: string, body: object) => void) {
    this.event = event;
  }

  begin(run: LongRun | undefined, milliseconds: number): void {
    this.run = run;
    this.startedAt = milliseconds;
    this.isReported = false;
    this.percentage = run?.searched && 0;
  }

  /** Called several thousand times a second during a run. */
  sendIfDue(milliseconds: number): void {
    const { run, isReported } = this;
    if (!run || isReported || milliseconds - this.startedAt < FIRST_REPORT_MILLISECONDS) return;
    this.isReported = true;
    this.runs++;
    const { title } = run;
    this.event('progressStart', { ...this.body, title, cancellable: true });
  }

  /** Called when a run pauses between two slices. A reverse run has then searched the history from this position on. */
  reached(position: Position): void {
    const searched = this.run?.searched;
    if (!searched || searched.end <= searched.start) return;
    const percentage = Math.floor((100 * (searched.end - position)) / (searched.end - searched.start));
    if (percentage === this.percentage || percentage < 0 || percentage > 100) return;
    this.percentage = percentage;
    if (this.isReported) this.event('progressUpdate', this.body);
  }

  end(): void {
    if (this.isReported) this.event('progressEnd', { progressId: this.body.progressId });
    this.run = undefined;
    this.isReported = false;
  }

  private get body(): { progressId: string; percentage?: number } {
    return { progressId: `run ${this.runs}`, percentage: this.percentage };
  }
}

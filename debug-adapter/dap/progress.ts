import type { HistoryRange, Position } from '../engine/index.ts';
import { progressTitles } from '../messages/dap.ts';

/**
 * Runs that are shorter than this need no progress report. DAP clients usually start to show a progress report after
 * this time.
 */
const FIRST_REPORT_MILLISECONDS = 300;

/** A run that reports its progress. */
export interface LongRun {
  title: string;
  /** For a reverse run: the part of the history that the run may have to search, starting at the end of that part. */
  searched?: Pick<HistoryRange, 'start' | 'end'>;
  /** The position to which the run goes. The run may first restore an earlier state. */
  target?: Position;
  /**
   * Set if the run goes forward and may continue beyond the target. Its progress then ends at the target, and is not
   * shown while hits are counted.
   */
  endsAtTarget?: true;
}

/**
 * Reports the progress of a long run to the client, as `progressStart`, `progressUpdate` and `progressEnd` events with
 * the same ID. The client uses this ID to cancel the run.
 */
export class ProgressReporter {
  private event: (event: string, body: object) => void;
  private run: LongRun | undefined;
  private startedAt = 0;
  private isReported = false;
  /** The position at which a run to a target starts to replay; undefined until then. */
  private replayedFrom: Position | undefined;
  private percentage: number | undefined;
  private runs = 0;
  /** Whether the current progress report is for counting hits before a run. The run itself then reports no progress. */
  private isCounting = false;
  /** The run to report after hits have been counted. */
  private nextRun: LongRun | undefined;

  constructor(event: (event: string, body: object) => void) {
    this.event = event;
  }

  begin(run: LongRun | undefined, milliseconds: number): void {
    this.run = run;
    this.startedAt = milliseconds;
    this.isReported = false;
    this.replayedFrom = undefined;
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

  /** Called while hits are counted in a part of the history; called with `undefined` when the counting has ended. */
  counted(part: { start: Position; current: Position; end: Position } | undefined, milliseconds: number): void {
    if (!part) {
      if (!this.isCounting) return;
      const { nextRun } = this;
      this.end();
      return this.begin(nextRun, milliseconds);
    }
    if (!this.run || (this.run.endsAtTarget && !this.isReported)) {
      this.nextRun = this.run;
      this.begin({ title: progressTitles.counting() }, milliseconds);
      this.isCounting = true;
    }
    if (this.isCounting) this.sendPercentage(part.current - part.start, part.end - part.start);
  }

  /**
   * Called when a run pauses between two slices. A reverse run has then searched the history from `position` to the
   * end; a run to a target has restored a state before the target and replayed from there to `position`.
   */
  reached(position: Position): void {
    const { searched, target, endsAtTarget } = this.run ?? {};
    if (searched) this.sendPercentage(searched.end - position, searched.end - searched.start);
    if (endsAtTarget && position >= target!) return this.end();
    if (target === undefined || position > target) return;
    this.replayedFrom ??= position;
    this.sendPercentage(position - this.replayedFrom, target - this.replayedFrom);
  }

  end(): void {
    if (this.isReported) this.event('progressEnd', { progressId: this.body.progressId });
    this.run = undefined;
    this.nextRun = undefined;
    this.isReported = false;
    this.isCounting = false;
  }

  private sendPercentage(part: number, whole: number): void {
    const percentage = whole > 0 ? Math.floor((100 * part) / whole) : -1;
    if (percentage === this.percentage || percentage < 0 || percentage > 100) return;
    this.percentage = percentage;
    if (this.isReported) this.event('progressUpdate', this.body);
  }

  private get body(): { progressId: string; percentage?: number } {
    return { progressId: `run ${this.runs}`, percentage: this.percentage };
  }
}
